/** Three durable queues on RabbitMQ. A message is acknowledged when RabbitMQ has confirmed the next one. */
import amqp, { type ConfirmChannel, type ConsumeMessage } from "amqplib";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

serve(async ({ concurrency, port = 5672 }, handled) => {
  const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${port}`);
  const prefix = `bench-${process.pid}-${Date.now()}`;
  const names = ["first", "second", "third"].map((name) => `${prefix}-${name}`);
  const [first = "", second = "", third = ""] = names;
  const channel: ConfirmChannel = await connection.createConfirmChannel();
  for (const name of names) await channel.assertQueue(name, { durable: true });

  const send = (queue: string, body: Body): Promise<void> =>
    new Promise((resolve, reject) => {
      channel.sendToQueue(queue, Buffer.from(JSON.stringify(body)), { persistent: true }, (error: Error | null) =>
        error ? reject(error) : resolve(),
      );
    });
  const consume = async (hop: 0 | 1 | 2, queue: string, next: string | undefined): Promise<void> => {
    const consumer = await connection.createChannel();
    await consumer.prefetch(concurrency);
    const work = async (message: ConsumeMessage): Promise<void> => {
      const body = JSON.parse(message.content.toString()) as Body;
      handled(hop, body);
      if (next !== undefined) await send(next, body);
      consumer.ack(message);
    };
    // A failed message is not acknowledged: the bench then reports a missing event.
    await consumer.consume(queue, (message) => void (message && work(message)));
  };
  await consume(0, first, second);
  await consume(1, second, third);
  await consume(2, third, undefined);
  return {
    push: (body) => send(first, body),
    async close() {
      for (const name of names) await channel.deleteQueue(name);
      await connection.close();
    },
  };
});
