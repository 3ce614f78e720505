/**
 * Three SQS queues on the raw SDK, as tight as hand-written code can be: several loops for each queue receive ten
 * messages together, send them on together, then delete them together.
 */
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

/** Maximum messages in a request to SQS. */
const most = 10;

serve(async ({ concurrency, port }, handled) => {
  const sqs = new SQSClient({ endpoint: `http://127.0.0.1:${port}` });
  const urlOf = async (name: string): Promise<string> => {
    const { QueueUrl = "" } = await sqs.send(
      new CreateQueueCommand({ QueueName: `${name}-${process.pid}-${Date.now()}` }),
    );
    return QueueUrl;
  };
  const first = await urlOf("First");
  const second = await urlOf("Second");
  const third = await urlOf("Third");
  let closing = false;

  const send = async (QueueUrl: string, bodies: readonly Body[]): Promise<void> => {
    const Entries = bodies.map((body, n) => ({ Id: String(n), MessageBody: JSON.stringify(body) }));
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    if (Failed.length > 0) throw new Error(`${Failed.length} messages were refused`);
  };

  const work = async (hop: 0 | 1 | 2, QueueUrl: string, next: string | undefined): Promise<void> => {
    while (!closing) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: most, WaitTimeSeconds: 1 }),
      );
      if (Messages.length === 0) continue;
      const bodies = Messages.map(({ Body = "" }) => JSON.parse(Body) as Body);
      for (const body of bodies) handled(hop, body);
      if (next !== undefined) await send(next, bodies);
      const Entries = Messages.map(({ ReceiptHandle }, n) => ({ Id: String(n), ReceiptHandle }));
      const { Failed = [] } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      if (Failed.length > 0) throw new Error(`${Failed.length} messages were not deleted`);
    }
  };

  const loops = Array.from({ length: concurrency }, () => [
    work(0, first, second),
    work(1, second, third),
    work(2, third, undefined),
  ]).flat();

  /** Sends the events of one turn of the event loop together. */
  let pending: Body[] = [];
  let flushed: Promise<void> | undefined;
  const flush = async (): Promise<void> => {
    await new Promise(setImmediate);
    const bodies = pending;
    pending = [];
    flushed = undefined;
    const batches = Array.from({ length: Math.ceil(bodies.length / most) }, (_, n) =>
      bodies.slice(n * most, (n + 1) * most),
    );
    await Promise.all(batches.map((batch) => send(first, batch)));
  };

  return {
    push(body) {
      pending.push(body);
      return (flushed ??= flush());
    },
    async close() {
      closing = true;
      await Promise.all(loops);
      sqs.destroy();
    },
  };
});
