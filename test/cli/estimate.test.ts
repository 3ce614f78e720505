import { join } from "node:path";
import { openProvider, systemClock } from "beehive-actors";
import * as assert from "uvu/assert";
import { runPrismo } from "../../samples/prismo/app.ts";
import { cli, root } from "../support/cli.ts";
import { orderOf } from "../support/prismo.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive estimate", { timeoutMs: 120_000 });

const prismo = join(root, "samples/prismo/hive.ts");

interface Result {
  readonly entries: Readonly<Record<string, number>>;
  readonly eventsPerSecond: number;
  readonly plans: readonly {
    readonly provider: string;
    readonly processes: number;
    readonly fits: boolean;
    readonly firstLimit: { readonly limit: string; readonly reachedAt: number } | null;
    readonly monthlyUsd: number;
    readonly slots: readonly { readonly queue: string; readonly rate: number }[];
  }[];
  readonly assumed: readonly string[];
}

test("Prismo is planned by its workload, one line of JSON", async () => {
  const { code, stdout, stderr } = await cli([
    "estimate",
    prismo,
    "--rate",
    "100/s",
    "--for",
    "aws,postgres",
    "--json",
  ]);
  assert.is(code, 0, stderr);
  assert.is(stdout.trimEnd().split("\n").length, 1);
  const { entries, eventsPerSecond, plans, assumed } = JSON.parse(stdout) as Result;
  assert.equal(entries, { "OrderAccepted-": 100 });
  assert.ok(eventsPerSecond > 1_500 && eventsPerSecond < 1_800, String(eventsPerSecond));
  assert.equal(
    plans.map(({ provider, slots, fits }) => [provider, slots.length, fits]),
    [
      ["aws", 26, true],
      ["postgres", 26, true],
    ],
  );
  assert.ok(plans.every(({ monthlyUsd, processes, firstLimit }) => monthlyUsd > 0 && processes > 0 && firstLimit));
  assert.is(assumed.length, 1);
});

test("people read processes, costs, the first limit and the rehearsal", async () => {
  const { code, stdout } = await cli(["estimate", prismo, "--rate", "1000/s", "--for", "sqlite,azure"]);
  assert.is(code, 0);
  assert.match(stdout, /^OrderAccepted- 1,000\/s leads to 1\d,\d{3} handled events\/s\.\n\nsqlite: \d+ processes\n/);
  assert.match(stdout, /First limit: SQLite file \(the file\): .* reached at 1,\d{3} events\/s at the entries\./);
  assert.match(stdout, /Over a limit: Table partition \(Orders\)/);
  assert.match(stdout, /slots in use, \d+ by Little's law\./);
  assert.match(stdout, /3 times the events for 10 s: OrderAccepted-Payment is up to/);
  assert.match(stdout, /QUEUE +EVENTS\/S +SQLITE REQUESTS\/S +SLOTS +AZURE REQUESTS\/S +SLOTS\n/);
  assert.match(stdout, "Check them, and the limits, at your provider.");
});

test("durations and fan-out come from a journal", async () => {
  using file = sqliteFile();
  const url = `sqlite:${file.path}`;
  const missing = await cli(["estimate", prismo, "--rate", "1/s", "--observed", url]);
  assert.is(missing.code, 2);
  assert.match(missing.stderr, "--observed");

  const provider = await openProvider(url, { clock: systemClock });
  await runPrismo([orderOf("1", { lamp: 1 })], [{ productId: "lamp", name: "Lamp", quantity: 1 }], { provider });
  await provider.close();
  const actors = join(root, "samples/prismo/actors/index.ts");
  const { code, stdout, stderr } = await cli(["estimate", actors, "--rate", "2/s", "--observed", url, "--json"]);
  assert.is(code, 0, stderr);
  const { plans, assumed } = JSON.parse(stdout) as Result;
  const rates = new Map(plans[0]?.slots.map(({ queue, rate }) => [queue, rate]));
  assert.equal([rates.get("PaymentFailed-CancelOrder"), rates.get("OrderShipped-Email")], [0, 2]);
  assert.not.match(assumed.join(), "(all actors)");
});

test("a wrong rate, provider or entry ends with 2 and its cure", async () => {
  const wrong: [string[], string][] = [
    [["--rate", "fast"], 'a rate is a text such as 200/s or 5000/h, not "fast"'],
    [["--rate", "1/s", "--for", "gcp"], "there are plans for aws, azure, postgres, sqlite"],
    [["--rate", "Nowhere=1/s"], "the entries are OrderAccepted-"],
    [[], "Give the rate at an entry: there are OrderAccepted-"],
    [["--rate", "1/s", "--burst", "0"], "It must be a number above 0."],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await cli(["estimate", prismo, ...args]);
    assert.is(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test.run();
