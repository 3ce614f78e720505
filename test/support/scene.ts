import { Event, type HiveOptions } from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import type { QueueOperator } from "../../src/contract/queue-operator.ts";
import { QueueName } from "../../src/events/queue-name.ts";
import { running, tampered } from "../../src/testing/contracts/hive/harness.ts";
import { PatientClock } from "./patient-clock.ts";

/** The queue of the actors of a scene. */
export const queueName = QueueName.parse("Ping-Works");
export const events = (count: number): Event[] => Array.from({ length: count }, (_, n) => new Event("Ping", n));

/** A hive in memory, and the polls of its actor: time in ms since the start, and requested number of events. */
export async function scene(
  actors: HiveOptions["actors"],
  changes: Partial<QueueOperator> | ((queues: QueueOperator) => Partial<QueueOperator>) = {},
  options: Partial<HiveOptions> = {},
) {
  const clock = new PatientClock();
  const start = clock.now();
  const memory = new MemoryProvider({ clock });
  const asked: { at: number; max: number }[] = [];
  const { lease = memory.queues.lease.bind(memory.queues), ...rest } =
    typeof changes === "function" ? changes(memory.queues) : changes;
  const provider = tampered(memory, {
    ...rest,
    lease: (name, request) => {
      asked.push({ at: clock.now() - start, max: request.max });
      return lease(name, request);
    },
  });
  const hive = await running({ provider }, actors, { clock, ...options });
  return { clock, hive, memory, asked };
}
