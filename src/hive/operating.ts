import type { Clock } from "../base/clock.ts";
import type { Controls, OperatedStates } from "../controls/controls.ts";
import type { QueueName } from "../events/queue-name.ts";

/** The parts of an operator that its subscriptions, pulsers and sources use. */
export interface Operating {
  readonly clock: Clock;
  readonly controls: Controls;
  states(): Promise<OperatedStates>;
  /** @throws BeeHiveError `QueueNotFound` with the name that was probably meant. */
  assertQueue(name: QueueName): Promise<void>;
  /** @throws BeeHiveError `NotFound` with the name that was probably meant. */
  assertPulser(name: string): Promise<void>;
  /** @throws BeeHiveError `NotFound` with the name that was probably meant. */
  assertSource(name: string): Promise<void>;
}
