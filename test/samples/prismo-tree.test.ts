import type { ActorClass } from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import { Container } from "inversify";
import * as assert from "uvu/assert";
import * as actors from "../../samples/prismo/actors/index.ts";
import { acceptOrders, stockUp, type NewOrder } from "../../samples/prismo/intake.ts";
import { Seed } from "../../samples/prismo/seed.ts";
import { prismoStores } from "../../samples/prismo/stores.ts";
import { assertGolden } from "../support/golden.ts";
import { suite } from "../support/suite.ts";

const test = suite("the events of an order at Prismo");

const order: NewOrder = {
  id: "order-1",
  customer: { id: "ada-lake", name: "Ada Lake", email: "ada.lake@example.com", address: "14 High Street" },
  items: { "oak-stool": 1, "brass-lamp": 2 },
  totalPrice: 100,
  paymentMethod: "card",
  shippingAddress: "14 High Street",
};
const products = [
  { productId: "oak-stool", name: "Oak stool", quantity: 5 },
  { productId: "brass-lamp", name: "Brass lamp", quantity: 1 },
];

const all: readonly ActorClass[] = Object.values(actors);

async function treeOf(classes: readonly ActorClass[]): Promise<{ tree: string; status: string | undefined }> {
  const container = new Container();
  container.bind(Seed).toConstantValue(1);
  const hive = await TestHive.start({ actors: classes, container });
  await stockUp(hive.stores, products);
  await acceptOrders(hive.hive, [order]);
  await hive.settle();
  const { status } = await prismoStores(hive.stores).orders.get("order-1");
  const tree = String(hive.tree());
  await hive.stop();
  return { tree, status };
}

test("an order for one lamp too many is parked, replenished and shipped", async () => {
  const { tree, status } = await treeOf(all);
  assert.is(status, "shipped");
  await assertGolden("prismo-order.txt", tree);
});

test("the same order has the same tree, in whatever order actors start", async () => {
  const { tree } = await treeOf(all.toReversed());
  await assertGolden("prismo-order.txt", tree);
});

test.run();
