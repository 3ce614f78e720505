import {
  actor,
  actorDescription,
  bodyOf,
  createHive,
  eventType,
  type Event,
  type ProcessorActor,
} from "beehive-actors";

export const OrderAccepted = eventType("OrderAccepted", bodyOf<{ orderId: string }>());
export const OrderPaid = eventType("OrderPaid", bodyOf<{ orderId: string }>());

@actorDescription("OrderAccepted-Payment", { publishes: [OrderPaid] })
export class PaymentActor implements ProcessorActor {
  async processAsync(event: Event) {
    return [OrderPaid.create(OrderAccepted.read(event))];
  }
}

export const Shipping = actor("OrderPaid-Shipping", OrderPaid, {}, async ({ body }) => {
  console.log(`shipped ${body.orderId}`);
});

export async function main(provider: string): Promise<void> {
  const hive = await createHive({ actors: [PaymentActor, Shipping], provider });
  await hive.start();
  await hive.push(OrderAccepted.create({ orderId: "1042" }));
  await hive.whenIdle();
  await hive.stop();
}
