/** Back pressure between processes: each has a provider of its own on one file. */
import { createHive, Event, QueueName, silentLogger } from "beehive-actors";
import * as assert from "uvu/assert";
import { sleep, systemClock } from "../../../../src/base/clock.ts";
import { actor } from "../../../../src/testing/contracts/hive/harness.ts";
import { sqliteFile } from "../../../support/sqlite-file.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("back pressure between processes", { timeoutMs: 60_000 });

test("an actor waits for a queue that another process empties, and goes on", async () => {
  using file = sqliteFile();
  const [above, slots] = [60, 2];
  let written = 0;
  const write = actor(
    "Order-Write",
    () => {
      written++;
      return [new Event("Page")];
    },
    { holdWhen: { queue: "Page-Render", above }, parallelism: slots, publishes: ["Page"] },
  );
  const render = actor("Page-Render", (_, { clock }) => sleep(clock, 10), { parallelism: 1 });
  const common = { provider: `sqlite:${file.path}`, logger: silentLogger };
  await using renders = await createHive({ ...common, actors: render });
  await renders.setup();
  await using writes = await createHive({ ...common, actors: write });
  await writes.setup();
  await writes.push(Array.from({ length: 500 }, () => new Event("Order")));
  const [queues, name] = [writes.provider.queues, QueueName.parse("Page-Render")];
  await writes.start();
  while (!(await writes.health()).detail.actors[0]?.paused) await sleep(systemClock, 20);
  const held = written;
  assert.ok(held <= above && held > above / 2, `${held} were written`);
  await renders.start();
  let most = 0;
  while (written < held + above) {
    most = Math.max(most, (await queues.counts(name)).ready);
    await sleep(systemClock, 20);
  }
  assert.ok(most <= above, `${most} were ready`);
});

test.run();
