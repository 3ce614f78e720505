import type { Scene } from "./scene.ts";

/** How a fake of the outside world counts its calls. */
export interface ExternalOptions<A extends readonly unknown[]> {
  /** Names what a call does, such as the order that it charges. @default The arguments as JSON. */
  readonly key?: ((...given: A) => string) | undefined;
  /** A repeated call of one key has no effect, and returns the first result. @default false */
  readonly idempotent?: boolean | undefined;
}

/** The run under way; runs of one process follow each other. */
let scene: Scene | undefined;

/** @internal Names the run whose actors call the outside world. */
export function playing(now: Scene | undefined): void {
  scene = now;
}

/**
 * Wraps a fake of the outside world, such as a payment gateway, so that a simulation counts its calls.
 *
 * A crash may strike around each call. A second call of one key is a failure, unless the service is `idempotent`.
 * Outside of a simulation, calls the fake and does nothing else.
 *
 * @example
 * const bank = { charge: external("charge", async (orderId: string) => `receipt-${orderId}`, { idempotent: true }) };
 */
export function external<A extends readonly unknown[], R>(
  name: string,
  call: (...given: A) => R | Promise<R>,
  { key, idempotent = false }: ExternalOptions<A> = {},
): (...given: A) => Promise<R> {
  return async (...given) => {
    const now = scene;
    if (!now) return await call(...given);
    const text = `${name}(${key?.(...given) ?? given.map((one) => JSON.stringify(one)).join(", ")})`;
    const { process, record } = now.current ?? {};
    const caller = now.callerOf(process, record, name, text);
    record?.calls.push({ text, writes: true });
    await now.before(caller, ["crash", "freeze", "restart", "lease-lost"]);
    const result = await now.effects.make(text, idempotent, () => call(...given));
    await now.after(caller, ["crash", "lost-answer"]);
    return result as R;
  };
}
