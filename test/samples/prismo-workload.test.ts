/** The workload that Prismo declares, beside the journal of a run. */
import { createHive, silentLogger } from "beehive-actors";
import { estimate } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import * as actors from "../../samples/prismo/actors/index.ts";
import { prismoContainer } from "../../samples/prismo/container.ts";
import { readInput } from "../../samples/prismo/input.ts";
import { acceptOrders, stockUp } from "../../samples/prismo/intake.ts";
import { parseOptions } from "../../samples/prismo/options.ts";
import { workload } from "../../samples/prismo/workload.ts";
import { observe } from "../../src/analysis/estimate/observe.ts";
import { suite } from "../support/suite.ts";

const test = suite("the workload of Prismo", { timeoutMs: 60_000 });

/** Topics of goods that are short. How often they are depends on the order of steps: runs differ by a factor of 4. */
const ofShortage = new Set([
  "ProductOutOfStock",
  "ProductDelivered",
  "ProductArrivedBackInStock",
  "ItemBackInStockForOrder",
]);

test("a run handles as many events as the estimate says, within 10%", async () => {
  const { orders, stock } = parseOptions([], {});
  const input = await readInput(orders, stock);
  const journal = { entries: 100_000 };
  await using hive = await createHive({ actors, container: prismoContainer(1), journal, logger: silentLogger });
  await stockUp(hive.provider.stores, input.products);
  await hive.start();
  await acceptOrders(hive, input.orders);
  await hive.whenIdle();
  assert.ok(hive.journal);
  const seen = (await observe(hive.journal)).actors;
  const rates = { OrderAccepted: input.orders.length };
  const { traffic } = await estimate({ ...workload, actors, rates, for: [] });
  let handled = 0;
  let estimated = 0;
  for (const { queue, rate } of traffic.flows) {
    const events = seen.get(queue)?.events ?? 0;
    if (ofShortage.has(queue.split("-")[0] ?? "")) continue;
    assert.ok(Math.abs(rate - events) < events * 0.1 + 50, `${queue}: ${events} events, ${rate} estimated`);
    handled += events;
    estimated += rate;
  }
  assert.ok(Math.abs(estimated - handled) < handled * 0.1, `${handled} events, ${estimated} estimated`);
});

test.run();
