import { backPressure, type Hold } from "../actors/pause.ts";
import type { ControlledKind } from "./control.ts";
import type { OperatedStates, OperatorPause } from "./controls.ts";
import type { RunningHive } from "./heartbeats.ts";

/** A pause that has not ended. Returned by `hive.pauses()`. */
export interface ActivePause {
  readonly kind: ControlledKind;
  /** The subscription, queue, pulser or source; `*` for all subscriptions. */
  readonly on: string;
  /** `operator`, or the cause for which one process paused. */
  readonly by: string;
  /** The name of the operator; `undefined` for a pause of supervision. */
  readonly operator: string | undefined;
  /** The words of the operator, or the error behind the pause. */
  readonly reason: string;
  readonly since: Date;
  /** The end; `undefined` until an operator resumes. */
  readonly until: Date | undefined;
  /** The id of the process that is paused; `undefined` for a pause of an operator, which holds in all. */
  readonly hive: string | undefined;
}

/** Returns every pause: of operators first, then of supervision in each process. */
export function pausesOf(states: OperatedStates, hives: readonly RunningHive[]): readonly ActivePause[] {
  const byOperators = [
    ...(states.all ? [operatorPause("queue", "*", states.all)] : []),
    ...[...states.queues].flatMap(([on, { pause }]) => (pause ? [operatorPause("queue", on, pause)] : [])),
    ...[...states.pulsers].flatMap(([on, { pause }]) => (pause ? [operatorPause("pulser", on, pause)] : [])),
    ...[...states.sources].flatMap(([on, { pause }]) => (pause ? [operatorPause("source", on, pause)] : [])),
  ];
  const bySupervision = hives.flatMap(({ id, subscriptions }) =>
    subscriptions.flatMap(({ queue, paused }): ActivePause[] =>
      paused ? [{ kind: "queue", on: queue, operator: undefined, hive: id, ...paused }] : [],
    ),
  );
  return [...byOperators, ...bySupervision];
}

/** Returns the subscriptions that wait for a full queue downstream in some process, as holds. */
export function pressuresOf(hives: readonly RunningHive[]): ReadonlyMap<string, Hold> {
  const pressed = hives.flatMap(({ subscriptions }) =>
    subscriptions.flatMap(({ queue, paused }): [string, Hold][] =>
      paused?.by === backPressure
        ? [[queue, { by: paused.by, reason: paused.reason, since: paused.since.getTime() }]]
        : [],
    ),
  );
  return new Map(pressed);
}

function operatorPause(kind: ActivePause["kind"], on: string, { by, ...pause }: OperatorPause): ActivePause {
  return { kind, on, by: "operator", operator: by, hive: undefined, ...pause };
}

/** Returns the pauses of one subscription: its own, and that of all subscriptions. */
export function pausesOn(pauses: readonly ActivePause[], queue: string): readonly ActivePause[] {
  return pauses.filter(({ kind, on }) => kind === "queue" && (on === queue || on === "*"));
}
