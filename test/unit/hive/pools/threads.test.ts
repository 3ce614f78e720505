/** Actors that run in threads of their own. */
import {
  actor,
  actorDescription,
  createHive,
  isBeeHiveError,
  silentLogger,
  timeout,
  type HiveOptions,
  type Logger,
} from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import type { DeliveryReport } from "../../../../src/delivery/delivery.ts";
import { sqliteFile } from "../../../support/sqlite-file.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";
import { Beside } from "./thread-with-hive.ts";
import { Adds, Summed, Sums, Task } from "./thread-actors.ts";

const test = suite("isolate", { timeoutMs: 60_000 });

type ATask = readonly [what: string, n: number];

/** A hive, the outputs of its actor, and the deliveries to it. */
async function scene(options: Partial<HiveOptions> = {}) {
  const summed: { readonly total: number; readonly threadId: number }[] = [];
  const reports: DeliveryReport[] = [];
  const notes = actor("Summed-Notes", Summed, {}, ({ body }) => void summed.push(body));
  const hive = await createHive({
    actors: [Adds, notes],
    logger: silentLogger,
    onDelivery: (report) => report.event.eventType === "Task" && reports.push(report),
    ...options,
  });
  await hive.start();
  const run = async (...tasks: readonly ATask[]): Promise<void> => {
    await hive.push(tasks.map(([what, n]) => Task.create({ what, n })));
    await hive.whenIdle();
  };
  return { hive, run, summed, reports };
}

for (const provider of ["memory:", "sqlite:"])
  test(`stores and outputs of a thread belong to the step, on ${provider}`, async () => {
    using file = sqliteFile();
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, info: (_, message) => void lines.push(message) };
    const { hive, run, summed } = await scene({
      logger,
      provider: provider === "sqlite:" ? `sqlite:${file.path}` : provider,
    });
    await run(...Array.from({ length: 20 }, (): ["add", number] => ["add", 2]));
    const { total, threads } = await hive.store(Sums).get("1");
    assert.is(total, 40);
    assert.is(await hive.provider.stores.counters.get("adds", "all"), 20);
    assert.equal(
      summed.map((one) => one.total).toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, n) => 2 * n + 2),
    );
    assert.ok(!threads.includes(0) && threads.length <= 2, `threads ${threads.join(", ")}`);
    assert.ok(lines.includes("adding"));
    await hive.stop();
  });

const shared = await scene();

/** Runs tasks in the shared hive. Returns their deliveries. */
async function reportsOf(...tasks: readonly ATask[]): Promise<readonly DeliveryReport[]> {
  shared.reports.length = shared.summed.length = 0;
  await shared.run(...tasks);
  return [...shared.reports];
}
const outcomes = (reports: readonly DeliveryReport[]): string[] =>
  reports.map(({ outcome, attempt }) => `${outcome} ${attempt}`);
const failed = ["retried 1", "dead-lettered 2"];

test("a step that fails in a thread writes nothing, and its error arrives", async () => {
  const reports = await reportsOf(["write-and-fail", 1]);
  assert.equal(outcomes(reports), failed);
  assert.instance(reports[0]?.error, RangeError);
  assert.is(await shared.hive.store(Sums).find("failed"), undefined);
});

test("a failed store call that no one awaits in a thread fails its event", async () => {
  const reports = await reportsOf(["forget", 0], ["forget", 50]);
  assert.equal(outcomes(reports), ["dead-lettered 1", "dead-lettered 1"]);
  for (const { error } of reports) assert.ok(isBeeHiveError(error, "InvalidState"));
});

test("errors that decide what follows keep their meaning", async () => {
  assert.equal(outcomes(await reportsOf(["reject", 1])), ["dead-lettered 1"]);
  assert.equal(outcomes(await reportsOf(["later", 1])), ["retried 1", "committed 2"]);
  assert.is(shared.summed[0]?.total, -1);
});

test("a thread that ends fails its event, and another takes its place", async () => {
  const reports = await reportsOf(["exit", 1]);
  assert.equal(outcomes(reports), failed);
  assert.match(String(reports[0]?.error), "The thread of Adds failed while it worked on the event: it ended with");
  assert.equal(outcomes(await reportsOf(["compute", 1])), ["committed 1"]);
});

test("leases are renewed while a thread computes, and others go on", async () => {
  let turns = 0;
  const counting = setInterval(() => turns++, 10);
  // Longer than the lease.
  const reports = await reportsOf(["compute", 2_000]);
  clearInterval(counting);
  assert.equal(outcomes(reports), ["committed 1"]);
  assert.ok(turns > 20, `${turns} turns`);
});

test("locks are refused in a thread, with the reason", async () => {
  const [report] = await reportsOf(["lock", 1]);
  assert.match(String(report?.error), "locks are held in the thread of the hive");
});

test("an output keeps the id that the actor gave it", async () => {
  const [report] = await reportsOf(["other", 1]);
  assert.is(report?.outputs[0]?.id, "fixed");
});

test("a computation that never ends is ended by its time limit", async () => {
  const { hive, run, reports } = await scene({
    defaults: { middleware: [timeout("2s")] },
    overrides: { Adds: { retry: { maxAttempts: 1 }, parallelism: 1 } },
  });
  /** A thread may take longer to start than the limit. */
  const untilCommitted = async (): Promise<void> => {
    while (reports.at(-1)?.outcome !== "committed") await run(["compute", 1]);
  };
  await untilCommitted();
  await run(["for-ever", 1]);
  assert.is(isBeeHiveError(reports.at(-1)?.error, "Timeout"), true);
  await untilCommitted();
  await hive.stop();
});

test("a hive with a computing thread stops at its deadline", async () => {
  await shared.hive.push(Task.create({ what: "for-ever", n: 1 }));
  shared.reports.length = 0;
  while ((await shared.hive.health({ askProvider: false })).detail.actors[0]?.inFlight === 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await shared.hive.stop({ deadline: "200ms" });
  assert.equal(outcomes(shared.reports), ["abandoned 1"]);
});

test("a module without the actor is named", async () => {
  class Elsewhere {
    async processAsync(): Promise<void> {}
  }
  actorDescription("Task-Elsewhere", { isolate: { thread: import.meta.resolve("./thread-actors.ts") } })(Elsewhere);
  const { hive, reports } = await scene({ actors: [Elsewhere], defaults: { retry: { maxAttempts: 1 } } });
  await hive.push(Task.create({ what: "add", n: 1 }));
  await hive.whenIdle();
  assert.match(String(reports[0]?.error), /thread-actors.ts exports no actor on Task-Elsewhere/);
  await hive.stop();
});

test("a module that creates a hive is refused in a thread", async () => {
  const { hive, reports } = await scene({ actors: [Beside] });
  await hive.push(Task.create({ what: "add", n: 1 }));
  await hive.whenIdle();
  assert.match(
    String(reports[0]?.error),
    "The module of an actor with isolate, the one of Task-Beside, creates a hive.",
  );
  await hive.stop();
});

test("in virtual time the actor runs in the thread of the hive", async () => {
  await using hive = await TestHive.start({ actors: [Adds] });
  await hive.push(Task.create({ what: "add", n: 3 }));
  await hive.settle();
  assert.equal((await hive.store(Sums).get("1")).threads, [0]);
});

test("an isolation that names no module is refused", async () => {
  class Wrong {
    async processAsync(): Promise<void> {}
  }
  actorDescription("Task-Wrong", { isolate: "thread" as never })(Wrong);
  const error = await throwsCode("InvalidConfiguration", () => createHive({ actors: Wrong }));
  assert.match(error.message, "isolate must be { thread: import.meta.url }, in the module that exports the actor");
});

test.run();
