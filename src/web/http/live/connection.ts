import { sleep, type Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Browser, Limits, Rules } from "./browser.ts";
import type { Change } from "./change.ts";
import { Subscription, type Target, type Where } from "./subscription.ts";
import type { Transport } from "./transport.ts";
import { closeCodes, type FromBrowser, type Subscribe } from "./wire.ts";

export interface ConnectionParts {
  readonly targets: ReadonlyMap<string, Target>;
  readonly rules: Rules;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Flushes the connection after this turn of the event loop, so that changes of a turn are written together. */
  readonly flushLater: (connection: Connection) => void;
}

const maxWhere = 255;
const drainMs = 20;

/** A browser that follows changes. */
export class Connection implements Browser {
  user: unknown;
  readonly limits: Limits;
  readonly #parts: ConnectionParts;
  readonly #transport: Transport;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #over = new AbortController();
  #pending = "";
  /** The messages of the browser since the last beat. */
  #received = 0;

  constructor(user: unknown, transport: Transport, parts: ConnectionParts) {
    this.user = user;
    this.limits = parts.limits;
    this.#transport = transport;
    this.#parts = parts;
  }

  /** Aborts when the connection is closed. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Takes a message of the browser. */
  receive(text: string): void {
    if (this.over.aborted) return;
    const message = messageIn(text);
    if (!message) return this.close(closeCodes.refused, "the message is none of this protocol");
    if (++this.#received > 10 * this.limits.maxSubscriptions)
      return this.close(closeCodes.refused, "too many messages");
    if ("unsubscribe" in message) {
      this.#subscriptions.get(message.unsubscribe)?.end();
      this.#subscriptions.delete(message.unsubscribe);
    } else this.#subscribe(message);
  }

  #subscribe({ subscribe: id, to, where = {}, after }: Subscribe): void {
    const target = this.#parts.targets.get(to);
    const problem = target ? whereProblem(target, where) : `there is no topic or query "${to.slice(0, maxWhere)}"`;
    if (!target || problem !== undefined) return this.#refuse(id, `${problem}`);
    if (this.#subscriptions.has(id)) return this.#refuse(id, `there is a subscription ${id} already`);
    if (this.#subscriptions.size >= this.limits.maxSubscriptions)
      return this.#refuse(id, `a browser may have ${this.limits.maxSubscriptions} subscriptions`);
    const subscription = new Subscription(id, target, where, this);
    this.#subscriptions.set(id, subscription);
    void subscription.start(after);
  }

  #refuse(id: number, error: string): void {
    this.send(JSON.stringify({ refused: id, error }), undefined);
  }

  may(change: Change): boolean | PromiseLike<boolean> {
    return this.#parts.rules.may(this.user as never, change as never);
  }

  masked(change: Change): unknown {
    const { mask } = this.#parts.rules;
    return mask ? mask(this.user as never, change as never) : change.body;
  }

  /** Sends a message, with others of this turn of the event loop. */
  send(message: string, position: string | undefined): void {
    if (this.over.aborted) return;
    if (this.#pending === "") this.#parts.flushLater(this);
    this.#pending += this.#transport.frame(message, position);
    if (this.#pending.length > this.limits.maxBuffered) this.flush();
  }

  /** Writes what was sent, unless the browser has not taken what was written before. */
  flush(): void {
    if (this.over.aborted || this.#pending === "") return;
    // Never the new frames alone: a single change may be larger than the limit.
    if (this.#transport.buffered > this.limits.maxBuffered) return this.tooSlow();
    const frames = this.#pending;
    this.#pending = "";
    this.#transport.write(frames);
  }

  async drained(): Promise<void> {
    this.flush();
    while (!this.over.aborted && this.#transport.buffered > this.limits.maxBuffered / 2)
      await sleep(this.#parts.clock, drainMs, this.over);
  }

  /** Called at each heartbeat. */
  beat(): void {
    this.#received = 0;
    if (!this.#transport.ping()) return this.close(closeCodes.slow, "no sign of life");
    for (const subscription of this.#subscriptions.values()) subscription.beat();
    if (this.#pending === "") this.send("{}", undefined);
  }

  fail(error: unknown): void {
    if (this.over.aborted) return;
    this.warn(error, "a live connection failed, and is closed: the browser comes back and goes on");
    this.close(closeCodes.failed, "it failed; the log of the server says why");
  }

  warn(error: unknown, message: string): void {
    this.#parts.logger.warn({ err: error }, message);
  }

  tooSlow(): void {
    this.close(closeCodes.slow, "too slow");
  }

  close(code: number, reason: string): void {
    if (this.over.aborted) return;
    this.gone();
    this.#transport.close(code, reason);
  }

  /** Ends all subscriptions. */
  gone(): void {
    this.#over.abort();
    this.#pending = "";
    for (const subscription of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
  }
}

/** Returns the message in a text; `undefined` when it is none. */
function messageIn(text: string): FromBrowser | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== "object" || message === null) return undefined;
  const { subscribe, to, where, after, unsubscribe } = message as Readonly<Record<string, unknown>>;
  if (Number.isSafeInteger(unsubscribe)) return { unsubscribe: unsubscribe as number };
  if (!Number.isSafeInteger(subscribe) || typeof to !== "string") return undefined;
  if (!["undefined", "string"].includes(typeof after) || !isWhere(where)) return undefined;
  return { subscribe: subscribe as number, to, where, after: after as string | undefined };
}

function isWhere(where: unknown): where is Where | undefined {
  if (where === undefined) return true;
  if (typeof where !== "object" || where === null || Array.isArray(where)) return false;
  return Object.values(where).every((value) => typeof value === "string" && value.length <= maxWhere);
}

/** Returns why a target has no such selection, in words. */
function whereProblem({ query }: Target, where: Where): string | undefined {
  const given = Object.keys(where);
  const known = query?.parameters ?? ["key"];
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) return `"${unknown.slice(0, maxWhere)}" is no parameter; there are: ${known.join(", ")}`;
  const missing = query?.parameters.find((name) => !given.includes(name));
  return missing === undefined ? undefined : `the parameter "${missing}" is missing`;
}
