import { contest, type Entry } from "./contest/contest.ts";
import type { Effort, Outcome } from "./outcome.ts";
import { versionsOf } from "./peers.ts";
import { latencyTable, ownFigures, ratioFigures, speedTable } from "./standings.ts";

const window = 256;

const hive: Entry = {
  name: "BeeHive byReference",
  file: "hive",
  peer: false,
  settings: { byReference: true },
  concurrency: [16, 64, 256],
};
const nact: Entry = { name: "nact", file: "nact", peer: true, concurrency: [1] };
const nest: Entry = { name: "NestJS CQRS", file: "nest-cqrs", peer: true, concurrency: [1] };
const fastq: Entry = { name: "fastq (a queue only)", file: "fastq", peer: true, concurrency: [1, 16, 256] };
const emittery: Entry = { name: "emittery", file: "emittery", peer: true, concurrency: [1] };

/** Events in memory with bodies by reference: no contestant serialises. */
export async function reference({ seconds, rounds }: Effort): Promise<Outcome> {
  const result = await contest([hive, nest, nact, fastq, emittery], { seconds, rounds, window, latencyLoad: 0.3 });
  return {
    tables: [
      speedTable("In memory, bodies by reference", result, hive, window, [
        "The others have no leases, retries, dead letters or ids; fastq has no topics either.",
        "Not to be compared with the tables of `memory`, where each hop writes and reads JSON.",
      ]),
      latencyTable("Bodies by reference: latency at 30% of each one's own peak", result),
    ],
    versions: versionsOf("@nestjs/cqrs", "nact", "fastq", "emittery"),
    figures: {
      ...ownFigures("reference", result, hive),
      ...ratioFigures(result, hive, {
        referenceToNest: nest,
        referenceToNact: nact,
        referenceToFastq: fastq,
        referenceToEmittery: emittery,
      }),
    },
  };
}
