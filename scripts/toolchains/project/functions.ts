// Only types that can be removed: Node runs this file as it is.
import { actor, bodyOf, createHive, eventType } from "beehive-actors";

const OrderPaid = eventType("OrderPaid", bodyOf<{ orderId: string }>());
const Shipping = actor("OrderPaid-Shipping", OrderPaid, {}, async ({ body }): Promise<void> => {
  console.log(`shipped ${body.orderId}`);
});

const hive = await createHive({ actors: [Shipping] });
await hive.start();
await hive.push(OrderPaid.create({ orderId: "1042" }));
await hive.whenIdle();
await hive.stop();
