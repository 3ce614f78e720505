/** Prismo with failing actors, on servers in this process: the same outcome as in memory without failures. */
import * as assert from "uvu/assert";
import { awsScene } from "../../support/aws-hive.ts";
import { memory, runRandomOrders } from "../../support/prismo.ts";
import { suite } from "../../support/suite.ts";

const orders = Number(process.env["PRISMO_AWS_ORDERS"] ?? 100);
const test = suite("aws: Prismo under failures", { timeoutMs: 60_000 + orders * 1_000 });

test(`${orders} orders with failures end as in memory without`, async () => {
  await using calm = await memory();
  const expected = await runRandomOrders(orders, { provider: calm, seed: 1 });
  const scene = await awsScene({ prefix: "prismo" });
  await scene.provider.setup();
  const outcome = await runRandomOrders(orders, { provider: scene.provider, seed: 1, failureRate: 0.1 });
  await scene.close();
  assert.equal(outcome, expected);
});

test.run();
