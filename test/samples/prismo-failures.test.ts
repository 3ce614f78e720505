import * as assert from "uvu/assert";
import { randomNumbers } from "../../samples/prismo/chance.ts";
import { memory, runRandomOrders, type Outcome } from "../support/prismo.ts";
import { suite } from "../support/suite.ts";
import { unreliable } from "../support/unreliable-provider.ts";

/** `PRISMO_ORDERS=10000 PRISMO_SEEDS=20 npm test -- prismo-failures` runs longer than usual. */
const orders = Number(process.env["PRISMO_ORDERS"] ?? 1_000);
const seeds = Array.from({ length: Number(process.env["PRISMO_SEEDS"] ?? 5) }, (_, index) => index + 1);

const test = suite("Prismo under failures", { timeoutMs: Math.max(60_000, orders * 30) });

for (const seed of seeds) {
  test(`seed ${seed}: ${orders} orders end the same when actors fail`, async () => {
    const calm = await outcomeWithoutFailures(orders, seed);
    assert.ok(calm.shipped.length > orders * 0.8 && calm.cancelled.length > orders * 0.05);
    await using provider = await memory();
    assert.equal(await runRandomOrders(orders, { provider, seed, failureRate: 0.1 }), calm);
  });
}

for (const seed of seeds.slice(0, 3)) {
  test(`seed ${seed}: orders end the same when steps end half done`, async () => {
    await using provider = await memory();
    const flaky = unreliable(provider, { crashRate: 0.05, repeatRate: 0.05, random: randomNumbers(seed) });
    const outcome = await runRandomOrders(300, { provider: flaky, seed, failureRate: 0.05 });
    assert.equal(outcome, await outcomeWithoutFailures(300, seed));
  });
}

test("orders end the same when every event comes twice", async () => {
  await using provider = await memory();
  const repeating = unreliable(provider, { crashRate: 0, repeatRate: 1, random: randomNumbers(1) });
  assert.equal(await runRandomOrders(200, { provider: repeating, seed: 1 }), await outcomeWithoutFailures(200, 1));
});

async function outcomeWithoutFailures(count: number, seed: number): Promise<Outcome> {
  await using provider = await memory();
  return await runRandomOrders(count, { provider, seed });
}

test.run();
