/** The events, state and actors of the shop that each framework serves. */
import { actor, collectionStore, eventType } from "beehive-actors";
import * as v from "valibot";

interface Order {
  id: string;
  status: "paid";
}

export const OrderAccepted = eventType("OrderAccepted", v.object({ orderId: v.string() }), { entry: true });
export const Orders = collectionStore<Order>("Orders");

export const Payment = actor(
  "OrderAccepted-Payment",
  OrderAccepted,
  { uses: { orders: Orders } },
  async ({ body: { orderId }, orders }) => {
    await orders.upsert({ id: orderId, status: "paid" });
  },
);

/** Where the hive runs: `memory:` for a try, `sqlite:./hive.db` for one machine. */
export const provider = process.env["BEEHIVE_PROVIDER"] ?? "memory:";
export const port = Number(process.env["PORT"] ?? 3000);
