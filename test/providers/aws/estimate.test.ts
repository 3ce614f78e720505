/** The requests of an estimate beside those that the servers of the tests count. */
import { actorDescription, collectionStore, createHive, Event, injects, silentLogger } from "beehive-actors";
import type { ActorClass, CollectionStore, ProcessorActor } from "beehive-actors";
import { estimate, type EstimateOptions } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { requestsOfHive } from "../../../bench/aws-requests.ts";
import { awsScene } from "../../support/aws-hive.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: an estimate of requests", { timeoutMs: 120_000 });
const events = 400;
let handled = 0;

/** On a busy machine batches are less full than the estimate takes them to be, never fuller. */
function near(value: number, wanted: number, name: string): void {
  assert.ok(value >= wanted * 0.9 && value <= wanted * 1.2, `${name}: ${value} where ${wanted} are estimated`);
}

/** Returns the estimated requests of a service and its actions for each event at the entry. */
async function estimated(options: EstimateOptions): Promise<(service: string, ...actions: string[]) => number> {
  const { plans, traffic } = await estimate({ for: ["aws"], backlog: true, rates: 1, ...options });
  assert.is([...traffic.entries.values()][0], 1);
  return (service, ...actions) =>
    (plans[0]?.requests ?? [])
      .filter((one) => one.service === service && actions.includes(one.action))
      .reduce((sum, { perSecond }) => sum + perSecond, 0);
}

test("the requests of the bench are those of the estimate", async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" });
  const names = ["One", "Two", "Three", "Four"];
  const actors = names.map((name, n): ActorClass => {
    class Hop {
      async processAsync(): Promise<void> {}
    }
    const next = names[n + 1];
    actorDescription(name, { name: `Hop${n}`, publishes: next === undefined ? [] : [`${next}-${next}`] })(Hop as never);
    return Hop;
  });
  const work = Object.fromEntries(names.slice(1).map((next, n) => [`Hop${n}`, { publishes: { [next]: 1 } }] as const));
  const of = await estimated({ actors, work, rates: { One: 1 } });
  near(await requestsOfHive(events), of("SQS", "send", "receive", "delete") / names.length, "requests an event");
});

const Totals = collectionStore<{ readonly id: string }>("EstimateTotals");

@actorDescription("OrderTaken-Total", { parallelism: 50 })
@injects(Totals)
class TotalActor implements ProcessorActor {
  constructor(private readonly totals: CollectionStore<{ readonly id: string }>) {}

  async processAsync(event: Event): Promise<void> {
    handled++;
    const { id } = event;
    if (!(await this.totals.find(id))) await this.totals.upsert({ id });
  }
}

@actorDescription("OrderTaken-Mail", { parallelism: 50, publishes: ["MailSent"] })
class MailActor implements ProcessorActor {
  async processAsync(): Promise<Event[]> {
    handled++;
    return [new Event("MailSent", 1)];
  }
}

@actorDescription("MailSent-Count", { parallelism: 50 })
class CountActor implements ProcessorActor {
  async processAsync(): Promise<void> {
    handled++;
  }
}

test("topics, fan-out and stores cost what the estimate says", async () => {
  const actors = [TotalActor, MailActor, CountActor];
  const of = await estimated({ actors });
  const scene = await awsScene();
  const hive = await createHive({ actors, provider: scene.provider, logger: silentLogger });
  await hive.setup();
  scene.sent.clear();
  await hive.push(Array.from({ length: events }, (_, n) => new Event("OrderTaken", n)));
  await hive.start();
  while (handled < 3 * events) await new Promise((resolve) => setTimeout(resolve, 5));
  await hive.stop();
  await scene.close();
  const sent = (command: string): number => (scene.sent.get(command) ?? 0) / events;
  near(sent("PublishBatchCommand"), of("SNS", "publish"), "publishes");
  near(sent("DeleteMessageBatchCommand"), of("SQS", "delete"), "deletes");
  near(sent("GetItemCommand"), of("DynamoDB", "read"), "reads");
  near(sent("PutItemCommand"), of("DynamoDB", "write"), "writes");
  const all = ["PublishBatch", "ReceiveMessage", "DeleteMessageBatch", "GetItem", "PutItem"].map((name) =>
    sent(`${name}Command`),
  );
  near(
    all.reduce((sum, count) => sum + count, 0),
    of("SNS", "publish") + of("SQS", "receive", "delete") + of("DynamoDB", "read", "write"),
    "all requests",
  );
});

test.run();
