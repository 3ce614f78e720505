/**
 * The floor of isolated hops: an array as queue, an awaited handler, and for each hop an id and a body written
 * as JSON and read back. No leases, no retries, no subscriptions: isolated handlers need no less.
 */
import { randomUUID } from "node:crypto";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

interface Message {
  readonly id: string;
  readonly hop: 0 | 1 | 2;
  readonly text: string;
}

/** Length of a queue beyond which its read part is removed. */
const cutAt = 1_024;

serve(async (_settings, handled) => {
  let queue: Message[] = [];
  let read = 0;
  let running = false;
  const publish = (hop: Message["hop"], body: Body): void =>
    void queue.push({ id: randomUUID(), hop, text: JSON.stringify(body) });
  const handlers = [
    async (body: Body) => {
      handled(0, body);
      publish(1, body);
    },
    async (body: Body) => {
      handled(1, body);
      publish(2, body);
    },
    async (body: Body) => handled(2, body),
  ] as const;

  const work = async (): Promise<void> => {
    for (let message = queue[read]; message; message = queue[read]) {
      read++;
      if (read === cutAt) {
        queue = queue.slice(read);
        read = 0;
      }
      await handlers[message.hop](JSON.parse(message.text) as Body);
    }
    running = false;
  };

  return {
    push(body) {
      publish(0, body);
      if (running) return;
      running = true;
      // Handle the first event of an idle queue in the next turn, so that its sender does not wait.
      setImmediate(() => void work());
    },
    close: async () => {},
  };
});
