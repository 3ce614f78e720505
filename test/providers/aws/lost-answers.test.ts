/** Writes that succeed while their response is lost: the SDK repeats them, and meets its own work. */
import * as assert from "uvu/assert";
import type { AwsProvider } from "../../../providers/aws/index.ts";
import { awsScene, type AwsScene } from "../../support/aws-hive.ts";
import { loseAnswers, type LostAnswers } from "../../support/lost-answers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: lost responses");

let scene: AwsScene;
let network: LostAnswers;
let provider: AwsProvider;

test.before(async () => {
  scene = await awsScene({ bucket: "data" });
  await scene.provider.setup();
  network = await loseAnswers(scene.servers.endpoint);
  provider = scene.another({ endpoint: network.endpoint });
});
test.after(async () => {
  await provider.close();
  await network[Symbol.asyncDispose]();
  await scene.close();
});

const losing = (action: string): void =>
  network.loseNext(({ headers }) => String(headers["x-amz-target"]).endsWith(`.${action}`));

test("an insert and an update succeed when their responses are lost", async () => {
  const orders = provider.stores.collection<{ id: string; status: string }>("Orders");
  const before = network.lost;
  losing("PutItem");
  const order = await orders.insert({ id: "1", status: "new" });
  losing("PutItem");
  await orders.update({ ...order, status: "paid" });
  assert.is(network.lost, before + 2);
  assert.is((await orders.get("1")).status, "paid");
});

test("a lock is acquired when the response is lost", async () => {
  losing("PutItem");
  const lock = await provider.stores.locks.tryLock("till", { ttl: 5_000 });
  assert.ok(lock);
  await lock?.release();
});

test("a blob is there when the response to its insert is lost", async () => {
  const bills = provider.stores.keyValue("Bills");
  losing("PutItem");
  await bills.insert("a", "one lamp");
  assert.is(Buffer.from((await bills.get("a")).body).toString(), "one lamp");
});

test("an increment with a key counts once when its response is lost", async () => {
  losing("UpdateItem");
  assert.is(await provider.stores.counters.increment("Stock", "lamp", 1, { once: "order 1" }), 1);
  assert.is(await provider.stores.counters.get("Stock", "lamp"), 1);
});

test.run();
