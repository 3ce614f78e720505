import { createHash } from "node:crypto";
import { maxKey } from "../../contract/keys.ts";
import type { Event } from "../../events/event.ts";
import type { ActorContext } from "../actor.ts";

/** The options that name a limit. */
export interface LimitName {
  /**
   * Returns the key of an event, such as its tenant. Each key has a limit of its own.
   *
   * @default one limit for all events
   */
  readonly key?: ((event: Event) => string | undefined) | undefined;
  /** The name of the limit. Actors that give the same name share it. @default the name of the actor */
  readonly name?: string | undefined;
}

/** Returns the id of the limit of an event, as a key of stores. */
export function limitId({ key, name }: LimitName, event: Event, { descriptor }: ActorContext): string {
  const of = key?.(event);
  const id = `${name ?? descriptor.name}/${of ?? ""}`;
  // oxlint-disable-next-line no-control-regex -- control characters cannot be in a key
  if (id.length <= maxKey - 10 && !/[\u0000-\u001f\u007f-\u009f]/.test(id) && id.isWellFormed()) return id;
  return createHash("sha256").update(id).digest("hex");
}
