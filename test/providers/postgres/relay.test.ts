/** Events of transactions, through a relay that is killed at random, to another provider. */
import { setTimeout as sleep } from "node:timers/promises";
import { createHive, Event } from "beehive-actors";
import * as assert from "uvu/assert";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { folderWith, startCli } from "../../support/cli.ts";
import { failureOf } from "../../support/failure.ts";
import { inTransaction, noPostgres, postgresSchema } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

/** How often the relay is killed. */
const kills = Number(process.env["BEEHIVE_KILLS"] ?? 5);

const test = suite("postgres: relay", { timeoutMs: 120_000 + kills * 15_000, skip: noPostgres });

test("what is committed arrives once, in order, and nothing else does", async () => {
  const schema = postgresSchema();
  using folder = folderWith();
  const to = `sqlite:${folder.at("hive.db")}`;
  const seen = new Map<string, string[]>();
  const reader = actor("Paid-Read", ({ id, partitionKey = "" }) => note(seen, partitionKey, id), {
    ordered: true,
  });
  await using readers = await createHive({ actors: reader, provider: to });
  await readers.start();
  const start = (): ReturnType<typeof startCli> =>
    startCli(["relay", "Paid", "--to", to, "--json"], { environment: { BEEHIVE_RELAY_FROM: schema.url } });
  using first = start();
  await first.says("running");
  await using web = await createHive({ publishes: ["Paid"], provider: schema.url, topology: "check" });
  await web.start();

  const written = new Map<string, string[]>();
  const publishing = publishAll(web, written);
  await sleep(Math.random() * 500);
  first.signal("SIGKILL");
  await first.ended;
  for (let kill = 1; kill < kills; kill++) {
    using next = start();
    await next.says("running");
    await sleep(Math.random() * 500);
    next.signal("SIGKILL");
    await next.ended;
  }
  await publishing;
  using last = start();
  await last.says("running");
  const count = [...written.values()].flat().length;
  while ([...seen.values()].flat().length < count) await sleep(20);
  last.signal("SIGTERM");
  assert.is((await last.ended).code, 0);
  assert.equal(await web.queue("Paid-Relay").counts(), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  await readers.whenIdle();
  for (const [key, ids] of written) assert.equal(seen.get(key), ids, key);
  await schema.drop();
});

/** Publishes in 200 transactions, of which every fourth is rolled back. Notes what is committed. */
async function publishAll(web: Pick<Awaited<ReturnType<typeof createHive>>, "push">, written: Map<string, string[]>) {
  for (let number = 0; number < 200; number++) {
    const key = `key-${number % 10}`;
    const ids = [`${number}-a`, `${number}-b`];
    const work = inTransaction(async (within) => {
      await web.push(
        ids.map((id) => new Event("Paid", {}, { id, partitionKey: key })),
        { within },
      );
      if (number % 4 === 3) throw new Error("no more stock");
    });
    if (number % 4 === 3) assert.is((await failureOf(work)).message, "no more stock");
    else {
      await work;
      for (const id of ids) note(written, key, id);
    }
  }
}

function note(lists: Map<string, string[]>, key: string, id: string): void {
  const list = lists.get(key);
  if (list) list.push(id);
  else lists.set(key, [id]);
}

test.run();
