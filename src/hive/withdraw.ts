import { BeeHiveError } from "../base/errors.ts";
import type { Capabilities, Provider } from "../contract/provider.ts";
import type { CancelChoice, LineHead, QueuedEvent } from "../contract/queue-operator.ts";
import type { QueueName } from "../events/queue-name.ts";
import { plainEvent, type PlainEvent } from "../events/event-text.ts";

/** The events to look at, and how. */
export interface PeekOptions {
  /** The most events; from 1. @default 20 */
  readonly limit?: number | undefined;
  /** Shows the bodies, which may be confidential. @default false */
  readonly bodies?: boolean | undefined;
  /** Looks for the event of this id only. */
  readonly id?: string | undefined;
}

/** An event in a queue, as plain data. */
export interface PeekedEvent extends Omit<PlainEvent, "body" | "bodyBase64" | "queueName" | "enqueueTime"> {
  /** `waiting`: behind another event of its partition key. */
  readonly state: QueuedEvent["state"];
  /** The end of its lease or delay, in ms since the epoch. */
  readonly dueAt: number | undefined;
  readonly attempts: number;
  readonly cancelKey: string | undefined;
  /** The time from which it is of no use, in ms since the epoch. */
  readonly expires: number | undefined;
  /** The size of the body, in bytes. */
  readonly bodySize: number;
  /** JSON as a value, other text as it is; only when bodies are asked for. */
  readonly body?: unknown;
  /** A body of bytes; only when bodies are asked for. */
  readonly bodyBase64?: string | undefined;
  /** The event in front of the line of its key; of a `waiting` event. */
  readonly heldBy: LineHead | undefined;
}

/** @throws BeeHiveError `InvalidState` with the reason when the provider cannot. */
function assertCan({ name, capabilities }: Provider, what: "cancel" | "peek" | "purge"): void {
  const can: Capabilities[typeof what] | undefined = capabilities[what];
  if (can !== true) throw new BeeHiveError("InvalidState", `${name} cannot ${what}: ${can ?? "it does not say why"}.`);
}

/** Cancels events that wait. Returns how many. */
export async function cancelEvents(provider: Provider, which: CancelChoice): Promise<number> {
  const choice = which as { readonly id?: unknown; readonly key?: unknown } | undefined;
  if (typeof (choice?.id ?? choice?.key) !== "string" || (choice?.id !== undefined && choice.key !== undefined))
    throw new BeeHiveError("InvalidKey", "Name the events to cancel: { id } of one, or { key }, their cancelKey.");
  assertCan(provider, "cancel");
  return (await provider.queues.cancel?.(which)) ?? 0;
}

/** Removes the events of a queue that wait. Returns how many; `undefined` where the provider cannot tell. */
export async function purgeEvents(provider: Provider, name: QueueName): Promise<number | undefined> {
  assertCan(provider, "purge");
  return await provider.queues.purge?.(name);
}

const defaultLimit = 20;

/** Returns the next events of a queue without leasing them. */
export async function peekEvents(
  provider: Provider,
  name: QueueName,
  { limit = defaultLimit, bodies = false, id }: PeekOptions,
): Promise<readonly PeekedEvent[]> {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new BeeHiveError("InvalidConfiguration", `peek: limit must be a whole number from 1, not ${String(limit)}.`);
  assertCan(provider, "peek");
  const found = (await provider.queues.peek?.(name, { limit, id })) ?? [];
  return found.map((one) => peeked(one, bodies));
}

function peeked({ event, state, dueAt, attempts, heldBy }: QueuedEvent, bodies: boolean): PeekedEvent {
  const {
    body,
    bodyBase64,
    queueName: _,
    enqueueTime: __,
    ...plain
  } = plainEvent({
    ...event.toRecord(),
    ...event.shownBody,
  });
  const { cancelKey, expires, bodySize } = event;
  const shown = bodies ? { body, bodyBase64 } : {};
  return { ...plain, state, dueAt, attempts, cancelKey, expires: expires?.getTime(), bodySize, ...shown, heldBy };
}
