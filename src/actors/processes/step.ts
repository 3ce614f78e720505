import type { ActorContext, ActorOutput } from "../actor.ts";
import type { Stored } from "../../contract/stores.ts";
import type { AnyEventType } from "../../events/event-type.ts";
import type { Event } from "../../events/event.ts";
import type { ProcessState } from "./process-state.ts";

export type State = Stored<ProcessState>;

/** A turn whose types are known to its caller only. */
export interface AnyTurn {
  readonly id: string;
  readonly state: State;
  readonly context: ActorContext;
  readonly body: unknown;
  readonly event: Event;
  readonly has: (...types: readonly AnyEventType[]) => boolean;
  readonly complete: (...events: readonly Event[]) => void;
  readonly cancel: (...events: readonly Event[]) => void;
}

/** A step whose types are known to its caller only. */
export interface AnyStep {
  readonly event: AnyEventType;
  readonly run?: (turn: AnyTurn) => ActorOutput | Promise<ActorOutput>;
  readonly undo?: (
    taken: Pick<AnyTurn, "id" | "state" | "context" | "body" | "event">,
  ) => ActorOutput | Promise<ActorOutput>;
  readonly by?: (body: unknown, event: Event) => string | undefined;
}
