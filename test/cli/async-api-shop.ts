/** A shop with all that an AsyncAPI document may hold. */
import { actor, eventType } from "beehive-actors";
import { kafkaSink, kafkaSource, memoryKafka, type KafkaClient } from "beehive-actors/kafka";
import { z } from "zod";

const client: KafkaClient = Object.assign(memoryKafka(), {
  cluster: { brokers: ["kafka-1.example:9093", "kafka-2.example:9093"], tls: true },
});

export const OrderPlaced = eventType(
  "OrderPlaced",
  z
    .object({
      orderId: z.uuid(),
      customerId: z.string(),
      placed: z.iso.datetime(),
      email: z.email(),
      lines: z.array(
        z.object({ sku: z.string().min(6), quantity: z.int().min(2), price: z.number().multipleOf(0.01) }),
      ),
      payment: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("card"), last4: z.string().length(4) }),
        z.object({ kind: z.literal("invoice") }),
      ]),
      voucher: z
        .string()
        .regex(/^[A-Z]{3}-\d+$/)
        .optional(),
    })
    .meta({ "x-partition-key": "customerId" }),
);
/** Its schema is in the registry, in Avro. */
export const OrderPaid = eventType<{ readonly orderId: string }>("OrderPaid");
/** Its schema is in the registry, in Protobuf. */
export const OrderPacked = eventType<{ readonly orderId: string }>("OrderPacked");

export const Payment = actor("OrderPlaced-Payment", OrderPlaced, { ordered: true, publishes: [OrderPaid] }, () => []);
export const Packing = actor("OrderPaid-Packing", OrderPaid, { publishes: [OrderPacked, "Parcels"] }, () => []);
export const Archive = actor("OrderPaid-Archive", OrderPaid, { ordered: true, lease: "2m" }, () => []);
/** A type without a schema, in a queue of its own. */
export const Letter = eventType("Letter", undefined, { queueName: "Letters", entry: true });
export const Mail = actor("Letters", Letter, {}, () => []);
export const Outlet = kafkaSink("OrderPaid-Kafka", { client, topic: "payments" });
export const Scatter = kafkaSink("OrderPacked-Kafka", { client, topic: ({ eventType: type }) => type });

export const hive = { sources: [kafkaSource({ client, topic: "orders", group: "shop", to: OrderPlaced })] };
