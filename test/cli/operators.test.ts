import { userInfo } from "node:os";
import { createHive, pulse, silentLogger, type Hive, type Source } from "beehive-actors";
import * as assert from "uvu/assert";
import { actor } from "../../src/testing/contracts/hive/harness.ts";
import { cli, folderWith, type Ended } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive pause, resume, set, hives, schedules, acts", { timeoutMs: 60_000 });

const packing = "OrderPlaced-Packing";

interface Scene extends AsyncDisposable {
  readonly hive: Hive;
  readonly run: (...args: string[]) => Promise<Ended>;
}

/** A hive at work on a file. */
async function scene(): Promise<Scene> {
  const folder = folderWith();
  const provider = `sqlite:${folder.at("hive.db")}`;
  const hive = await createHive({
    actors: [actor(packing, () => {}), actor("OrderPlaced-Mail", () => {})],
    pulsers: [pulse("NightBegan", { cron: "0 22 * * *", timezone: "Europe/Berlin", missed: "once" })],
    provider,
    logger: silentLogger,
    controls: { interval: "100ms", version: "shop 1.4.2" },
  });
  await hive.start();
  return {
    hive,
    run: (...args) => cli([...args, "--provider", provider]),
    async [Symbol.asyncDispose]() {
      await hive.stop();
      folder[Symbol.dispose]();
    },
  };
}

test("a source is shown with what it has yet to read, paused and resumed", async () => {
  using folder = folderWith();
  const provider = `sqlite:${folder.at("hive.db")}`;
  let held = false;
  const source: Source = {
    name: "orders",
    publishes: ["OrderPlaced"],
    start: () => ({
      hold: (hold) => void (held = hold !== undefined),
      state: () => ({ behind: 12, failing: "TooLarge" }),
      stop: async () => {},
    }),
  };
  const controls = { interval: "100ms" } as const;
  const actors = [actor(packing, () => {})];
  await using hive = await createHive({ actors, sources: [source], provider, logger: silentLogger, controls });
  await hive.start();
  const run = (...args: string[]): Promise<Ended> => cli([...args, "--provider", provider]);
  const paused = await run("pause", "--source", "orders", "--reason", "stocktaking", "--as", "ada");
  assert.is(paused.stdout, "Paused the source orders.\n");
  assert.match(
    (await run("queues")).stdout,
    /^source orders: 12 records to read, held up by TooLarge, paused by ada: stocktaking$/m,
  );
  assert.is(held, true);
  assert.is((await run("resume", "--source", "orders")).stdout, "Resumed the source orders.\n");
  while (held) await new Promise((resolve) => setTimeout(resolve, 10));
  const { code, stderr } = await run("pause", "--source", "order", "--reason", "x");
  assert.is(code, 1);
  assert.match(stderr, "There is no source order. Is it orders?");
});

test("a pause, a setting and a resume take effect and are recorded", async () => {
  await using given = await scene();
  const { hive, run } = given;
  const paused = await run("pause", packing, "--reason", "the bank is down", "--for", "1h");
  assert.is(paused.stderr, "");
  assert.match(paused.stdout, /^Paused OrderPlaced-Packing until 2\S+Z\.$/m);
  const { pause } = await hive.queue(packing).operated();
  assert.equal([pause?.reason, pause?.by], ["the bank is down", userInfo().username]);
  const queues = await run("queues");
  assert.match(queues.stdout, /^OrderPlaced-Packing: paused by \S+ until 2\S+Z: the bank is down$/m);
  const set = await run("set", packing, "parallelism=20", "throttle=100/1m", "--as", "ada");
  assert.is(set.stdout, `${packing}: parallelism 20, throttle 100 in 60000 ms.\n`);
  assert.is((await run("resume", packing, "--as", "bob")).stdout, `Resumed ${packing}.\n`);
  assert.is((await hive.queue(packing).operated()).pause, undefined);
  const acts = await run("acts", "--json");
  assert.equal(
    acts.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { by: string; act: string; on: string })
      .map(({ by, act, on }) => [by, act, on]),
    [
      ["bob", "resume", packing],
      ["ada", "set", packing],
      [userInfo().username, "pause", packing],
    ],
  );
});

test("--all pauses all subscriptions, and one of them is not resumed alone", async () => {
  await using given = await scene();
  const { run } = given;
  assert.is((await run("pause", "--all", "--reason", "restoring")).stdout, "Paused all subscriptions.\n");
  const refused = await run("resume", packing);
  assert.is(refused.code, 1);
  assert.match(refused.stderr, "paused all subscriptions (restoring). Resume all of them.");
  assert.is((await run("resume", "--all")).stdout, "Resumed all subscriptions.\n");
});

test("a resume of what is not paused says so, and a wrong name fails", async () => {
  await using given = await scene();
  const { run } = given;
  const idle = await run("resume", packing);
  assert.equal([idle.code, idle.stdout], [0, `No operator had paused ${packing}.\n`]);
  const wrong = await run("resume", "OrderPlaced-Pakcing");
  assert.equal([wrong.code, wrong.stdout], [1, ""]);
  assert.match(wrong.stderr, /Is it OrderPlaced-Packing\?/);
});

test("a pulser is paused, and schedules say so with its last and next firing", async () => {
  await using given = await scene();
  const { run } = given;
  await run("pause", "--pulser", "NightBegan", "--reason", "stocktaking", "--as", "ada");
  const { stdout } = await run("schedules");
  assert.match(stdout, /^NightBegan +0 22 \* \* \* \(Europe\/Berlin\) +once +2\S+ +- +1 +paused by ada: stocktaking$/m);
  await run("resume", "--pulser", "NightBegan");
  const [pulser] = JSON.parse((await run("schedules", "--json")).stdout) as { next: string }[];
  assert.ok(new Date(pulser?.next ?? 0) > new Date());
});

test("hives are listed with versions, unread subscriptions are named", async () => {
  await using given = await scene();
  const { hive, run } = given;
  assert.match((await run("hives")).stdout, new RegExp(`${process.pid} +- +shop 1.4.2 .* 2 +0 +- `));
  assert.not.match((await run("queues")).stdout, "No process reads");
  await hive.stop();
  assert.match((await run("hives")).stderr, "No process works on this provider.");
  assert.match((await run("queues")).stdout, /^No process reads OrderPlaced-Mail, OrderPlaced-Packing\./m);
});

test("a wrong call says what to do, and changes nothing", async () => {
  await using given = await scene();
  const { hive, run } = given;
  const calls: readonly (readonly [args: string[], code: number, words: RegExp])[] = [
    [
      ["pause", "OrderPlaced-Pakcing", "--reason", "x"],
      1,
      /no subscription OrderPlaced-Pakcing\. Is it OrderPlaced-Packing\?/,
    ],
    [["pause", "--pulser", "NightBegun", "--reason", "x"], 1, /no pulser NightBegun\. Is it NightBegan\?/],
    [["pause", packing, "--all", "--reason", "x"], 2, /Name a queue, or give --pulser NAME, --source NAME or --all/],
    [["pause", packing, "--reason", "x", "--until", "2020-01-01T00:00Z"], 2, /until lies in the past/],
    [["pause", packing, "--reason", " "], 2, /reason must be a text/],
    [["pause", packing], 2, /required option '--reason <text>'/],
    [["set", packing, "parallelism=0"], 2, /parallelism must be "default" or a whole number from 1/],
    [["set", packing, "speed=9"], 2, /"speed=9" is no setting/],
    [["set", packing, "throttle=100"], 2, /throttle must be N\/TIME/],
  ];
  const results = await Promise.all(calls.map(([args]) => run(...args)));
  for (const [index, [args, code, words]] of calls.entries()) {
    const ended = results[index];
    assert.is(ended?.code, code, `${args.join(" ")}: ${ended?.stderr}`);
    assert.match(ended?.stderr ?? "", words);
  }
  const { all, queues, pulsers } = await hive.operator.states();
  assert.equal([all, queues.size, pulsers.size], [undefined, 0, 0]);
});

test.run();
