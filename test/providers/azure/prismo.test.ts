/** The sample application on Azure, while its actors fail and the broker drops connections. */
import * as assert from "uvu/assert";
import { AzureProvider } from "../../../providers/azure/index.ts";
import { runPrismo } from "../../../samples/prismo/app.ts";
import { readInput } from "../../../samples/prismo/input.ts";
import { Tally } from "../../../samples/prismo/tally.ts";
import { startAzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: Prismo", { timeoutMs: 180_000 });
const data = (name: string): string => new URL(`../../../samples/prismo/data/${name}.ndjson`, import.meta.url).pathname;
const orderCount = 100;

test("100 orders end right with failing steps and connections", async () => {
  await using servers = await startAzureServers({ cloud: false });
  const provider = await AzureProvider.open(servers.options);
  const { orders, products } = await readInput(data("orders"), data("stock"));
  const tally = new DroppingTally([60, 180, 300], () => servers.broker?.dropConnections());
  // Failures of polls are expected here; keep them out of the output of the tests.
  const { error } = console;
  console.error = () => {};
  try {
    const report = await runPrismo(orders.slice(0, orderCount), products, { provider, failureRate: 0.1, tally });
    assert.equal(report.problems, []);
    assert.equal([report.orders, report.pending, report.deadLetters], [orderCount, 0, 0]);
    assert.is(report.shipped + report.cancelled, orderCount);
    assert.equal([report.duplicateEmails, report.negativeStock, report.stockBalanced], [0, 0, true]);
    assert.is(tally.drops, 3);
  } finally {
    console.error = error;
    await provider.close();
  }
});

/** Breaks every connection at given counts of events: in the middle of the work, at any speed. */
class DroppingTally extends Tally {
  drops = 0;
  readonly #at: readonly number[];
  readonly #drop: () => void;

  constructor(at: readonly number[], drop: () => void) {
    super();
    this.#at = at;
    this.#drop = drop;
  }

  override count(eventType: string): void {
    super.count(eventType);
    if (this.total < (this.#at[this.drops] ?? Infinity)) return;
    this.drops++;
    this.#drop();
  }
}

test.run();
