import { contest, type Entry } from "./contest/contest.ts";
import { growth } from "./growth.ts";
import type { Effort, Outcome } from "./outcome.ts";
import { versionsOf } from "./peers.ts";
import { latencyTable, ownFigures, ratioFigures, speedTable, standingOf } from "./standings.ts";
import { spreadOf } from "./statistics.ts";

/** Source events under way at the same time. */
const window = 256;
const parallelism = [16, 64, 256];

const hive: Entry = { name: "BeeHive memory:", file: "hive", peer: false, concurrency: parallelism };
const floor: Entry = { name: "floor: queue, JSON, UUID", file: "floor", peer: false, concurrency: [1] };
const lean: Entry = { name: "leaner: JSON and UUID, no queue", file: "lean", peer: false, concurrency: [1] };
const least: Entry = {
  name: "least: the same promises, in one file",
  file: "least",
  peer: false,
  concurrency: parallelism,
};
const nest: Entry = { name: "NestJS CQRS (bodies by reference)", file: "nest-cqrs", peer: true, concurrency: [1] };
const bus: Entry = { name: "@node-ts/bus-core", file: "node-ts-bus", peer: true, concurrency: [1, 16, 64] };

/** Events in memory with isolated handlers: no handler sees changes that another makes to a body. */
export async function memory(effort: Effort): Promise<Outcome> {
  const { seconds, rounds, quick } = effort;
  const rules = { seconds, rounds, window };
  const isolated = await contest([hive, least, floor, lean], {
    ...rules,
    latencyLoad: 0.3,
    idleSeconds: quick ? 1 : 5,
  });
  const frameworks = await contest([hive, nest, bus], rules);
  const sizes = quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000];
  const grown = await growth("memory", hive, { sizes, chains: [1, 33, 333], windows: [1, 4, 16, 64, 256], seconds });
  return {
    tables: [
      speedTable("In memory, isolated: against the least that isolation costs", isolated, hive, window, [
        "least has leases, retries, dead letters, derived ids, duplicates' check and journal; it has no injection, middleware, supervision, telemetry, ordering, stores or providers.",
      ]),
      latencyTable("In memory: latency at 30% of each one's own peak", isolated),
      speedTable("In memory: against frameworks", frameworks, hive, window, [
        "NestJS CQRS serialises nothing and isolates nothing; it has no queue, no leases and no retries.",
        "@node-ts/bus-core sleeps 500 ms when its queue is empty; its own defaults are kept.",
      ]),
      ...grown.tables,
    ],
    versions: versionsOf("@nestjs/cqrs", "@node-ts/bus-core"),
    figures: {
      ...ownFigures("memory", isolated, hive),
      floorEventsPerSecond: spreadOf(standingOf(isolated, floor)?.rates ?? []).median,
      ...ratioFigures(isolated, hive, { memoryToLeast: least, memoryToFloor: floor, memoryToLean: lean }),
      ...ratioFigures(frameworks, hive, { memoryToNestCqrs: nest, memoryToNodeTsBus: bus }),
      ...grown.figures,
    },
  };
}
