/*
 * The cost of a chain of queues on AWS, which bills requests: requests for each event on each queue, by kind,
 * counted between the SDK and servers in this process. Every hop sends once: the send of the first hop is the push,
 * and the last actor publishes nothing. So the minimum is a send, a receive and a delete for ten events and hop.
 */
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { actorDescription, createHive, Event, silentLogger, type ActorClass } from "beehive-actors";
import { startAwsServers, type AwsServers } from "../test/support/aws-servers.ts";
import type { Outcome } from "./outcome.ts";

const hops = ["One", "Two", "Three", "Four"];
/** Maximum messages in a request to SQS. */
const most = 10;

/** Requests for each event and hop. */
interface Cost {
  readonly send: number;
  readonly receive: number;
  readonly remove: number;
  /** Lookups of queue addresses, retries, changes of visibility. */
  readonly other: number;
}

const floor: Cost = { send: 1 / most, receive: 1 / most, remove: 1 / most, other: 0 };

/** Returns the requests of a hive for each event and hop. */
export async function requestsOfHive(events: number): Promise<number> {
  return totalOf(await costOf(beehive, events));
}

export async function awsRequests(events: number): Promise<Outcome> {
  const chain = await costOf(beehive, events);
  const raw = await costOf(deleteEach, events);
  const requestsPerEvent = totalOf(chain);
  return {
    tables: [
      {
        title: `AWS: requests an event a hop, ${events} events through ${hops.length} queues, each of which is sent to`,
        columns: ["", "send", "receive", "delete", "other", "all", "to the floor"],
        rows: [
          row("BeeHive aws:", chain),
          row("raw SDK, one delete a message", raw),
          row("floor: tens of everything", floor),
        ],
        notes: [],
      },
    ],
    figures: { requestsPerEvent, floor: totalOf(floor), requestsRatio: rounded(requestsPerEvent / totalOf(floor)) },
  };
}

type Contender = (servers: AwsServers, events: number) => Promise<void>;

function kindOf(action: string): keyof Cost {
  if (action.startsWith("sqs:SendMessage")) return "send";
  if (action === "sqs:ReceiveMessage") return "receive";
  return action.startsWith("sqs:DeleteMessage") ? "remove" : "other";
}

/** Counts requests from the moment when the contender has its queues and clears the counts. */
async function costOf(contender: Contender, events: number): Promise<Cost> {
  const servers = await startAwsServers();
  try {
    await contender(servers, events);
    const cost = { send: 0, receive: 0, remove: 0, other: 0 };
    for (const [action, count] of servers.counts) cost[kindOf(action)] += count / (events * hops.length);
    return cost;
  } finally {
    await servers.close();
  }
}

async function beehive({ endpoint, counts }: AwsServers, events: number): Promise<void> {
  const done = countdown(events * hops.length);
  const actors = hops.map((name, n) => hop(name, hops[n + 1], done.one));
  const provider = `aws:?prefix=bench&wait=1s&endpoint=${encodeURIComponent(endpoint)}`;
  const hive = await createHive({ actors, provider, logger: silentLogger });
  await hive.setup();
  counts.clear();
  await hive.push(Array.from({ length: events }, (_, n) => new Event("Hop", n, { queueName: "One" })));
  await hive.start();
  await done.all;
  await hive.stop();
}

function hop(name: string, next: string | undefined, done: () => void): ActorClass {
  @actorDescription(name, { publishes: next === undefined ? [] : [`${next}-${next}`] })
  class Hop {
    async processAsync(event: Event): Promise<Event[]> {
      done();
      return next === undefined ? [] : [new Event("Hop", event.getBody(), { queueName: next })];
    }
  }
  return Hop;
}

/** The usual hand-written loop at its best: receives and sends ten together, deletes each by itself. */
async function deleteEach({ endpoint, counts }: AwsServers, events: number): Promise<void> {
  const sqs = new SQSClient({ endpoint });
  const urls = await Promise.all(
    hops.map(async (name) => (await sqs.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl),
  );
  const send = (QueueUrl: string | undefined, bodies: readonly string[]): Promise<unknown> =>
    sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: bodies.map((body, n) => ({ Id: String(n), MessageBody: body })),
      }),
    );
  const work = async (QueueUrl: string | undefined, next: string | undefined): Promise<void> => {
    for (let done = 0; done < events;) {
      const request = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: most, WaitTimeSeconds: 1 });
      const { Messages = [] } = await sqs.send(request);
      if (Messages.length === 0) continue;
      if (next !== undefined)
        await send(
          next,
          Messages.map(({ Body = "" }) => Body),
        );
      await Promise.all(
        Messages.map(({ ReceiptHandle }) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))),
      );
      done += Messages.length;
    }
  };
  counts.clear();
  for (let sent = 0; sent < events; sent += most)
    await send(
      urls[0],
      Array.from({ length: Math.min(most, events - sent) }, (_, n) => String(sent + n)),
    );
  await Promise.all(urls.map((url, n) => work(url, urls[n + 1])));
  sqs.destroy();
}

/** Returns `all`, which resolves after `count` calls of `one`. */
function countdown(count: number): { readonly one: () => void; readonly all: Promise<void> } {
  let left = count;
  let end = (): void => {};
  const all = new Promise<void>((resolve) => (end = resolve));
  const one = (): void => {
    if (--left === 0) end();
  };
  return { one, all };
}

function totalOf({ send, receive, remove, other }: Cost): number {
  return rounded(send + receive + remove + other);
}

/** Rounds to a millionth, so that three times 0.1 is 0.3. */
function rounded(count: number): number {
  return Math.round(count * 1e6) / 1e6;
}

function row(name: string, cost: Cost): string[] {
  const { send, receive, remove, other } = cost;
  const all = totalOf(cost);
  const cells = [send, receive, remove, other, all].map((count) => count.toFixed(3));
  return [name, ...cells, (all / totalOf(floor)).toFixed(2)];
}
