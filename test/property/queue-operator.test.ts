import fc from "fast-check";
import { openProvider } from "beehive-actors";
import { SqliteProvider } from "../../providers/sqlite/index.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { Comparison, program } from "../support/queue-model.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

/** `QUEUE_PROGRAMS=10000 npm test -- property/queue-operator` for more than a usual run has time for. */
const programs = Number(process.env["QUEUE_PROGRAMS"] ?? 1_000);
const test = suite("any program of a queue", { timeoutMs: Math.max(120_000, programs * 200) });

test(`${programs} programs do on memory what the model does`, async () => {
  await fc.assert(
    fc.asyncProperty(program, async (ops) => {
      const clock = new JumpingClock();
      const { queues } = await openProvider("memory:", { clock });
      await new Comparison("Topic", [queues], clock).run(ops);
    }),
    { numRuns: programs },
  );
});

test(`${programs} programs do on sqlite what the model does, with two consumers`, async () => {
  using file = sqliteFile();
  const clock = new JumpingClock();
  // Nothing cuts the power, and a sync for each commit would take most of the time.
  const config = { file: file.path, durability: "normal", clock } as const;
  const [one, other] = [new SqliteProvider(config), new SqliteProvider(config)];
  let topics = 0;
  await fc.assert(
    fc.asyncProperty(program, (ops) =>
      new Comparison(`Topic${++topics}`, [one.queues, other.queues], clock, 21).run(ops),
    ),
    { numRuns: programs },
  );
  await Promise.all([one.close(), other.close()]);
});

test.run();
