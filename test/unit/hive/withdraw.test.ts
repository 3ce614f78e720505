import {
  actorDescription,
  createHive,
  Event,
  openProvider,
  silentLogger,
  systemClock,
  type ActorContext,
  type Hive,
  type Provider,
} from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("events that wait");

const later = (): Date => new Date(Date.now() + 3_600_000);

async function idleHive(provider?: Provider): Promise<Hive> {
  @actorDescription("Orders", { retry: { maxAttempts: 1 } })
  class OrdersActor {
    processAsync(event: Event): void {
      throw new TypeError(`order ${event.id} of "${event.getBody<string>()}" has no lines`);
    }
  }
  const hive = await createHive({ actors: OrdersActor, logger: silentLogger, provider: provider ?? "memory:" });
  await hive.setup();
  return hive;
}

const order = (body: unknown, options: object = {}): Event =>
  new Event("Order", body, { queueName: "Orders", ...options });

test("a peek is plain data, and has no body unless asked for", async () => {
  await using hive = await idleHive();
  await hive.push([order({ card: 4711 }, { id: "a", partitionKey: "k" }), order("later", { enqueueTime: later() })]);
  const queue = hive.queue("Orders");
  const [first, second] = await queue.peek();
  assert.equal([first?.id, first?.state, first?.partitionKey, first?.attempts], ["a", "ready", "k", 0]);
  assert.equal([second?.state, second?.bodySize], ["delayed", 7]);
  assert.not.match(JSON.stringify([first, second]), "4711");
  const [whole] = await queue.peek({ limit: 1, bodies: true });
  assert.equal(whole?.body, { card: 4711 });
  assert.is(await queue.explain("nobody"), undefined);
  await throwsCode("InvalidConfiguration", () => queue.peek({ limit: 0 }));
});

test("a provider that cannot says why", async () => {
  const provider = await openProvider("memory:", { clock: systemClock });
  const reason = "its queues are behind a wall";
  const walled = Object.create(provider, {
    capabilities: { value: { ...provider.capabilities, peek: reason, cancel: reason, purge: reason } },
  }) as Provider;
  await using hive = await idleHive(walled);
  for (const act of [
    () => hive.queue("Orders").peek(),
    () => hive.queue("Orders").purge({ by: "ada" }),
    () => hive.cancel({ key: "k" }),
  ])
    assert.match((await throwsCode("InvalidState", act)).message, reason);
});

test("an act without its operator or its choice is refused", async () => {
  await using hive = await idleHive();
  await throwsCode("InvalidConfiguration", () => hive.queue("Orders").purge({ by: "" }));
  await throwsCode("InvalidKey", () => hive.cancel({} as never));
  await throwsCode("InvalidKey", () => hive.cancel({ id: "a", key: "k" }));
  await throwsCode("InvalidKey", () => hive.queue("Orders").drop({} as never));
});

test("a purge leaves what is leased, and is written down", async () => {
  await using hive = await idleHive();
  await hive.push([order(1), order(2), order(3, { enqueueTime: later() })]);
  const { queues } = hive.provider;
  const name = hive.queue("Orders").name;
  const request = { max: 1, leaseMs: 30_000, waitMs: 0, signal: new AbortController().signal };
  const [lease] = await queues.lease(name, request);
  assert.is(await hive.queue("Orders").purge({ by: "ada" }), 2);
  if (lease) await queues.commit(lease, []);
  assert.equal(await queues.counts(name), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  const acts = [];
  for await (const { by, act, on, detail } of hive.operator.acts()) acts.push([by, act, on, detail]);
  assert.equal(acts, [["ada", "purge", "Orders", "2 events"]]);
});

test("letters of one cause are a group, whatever varies in their messages", async () => {
  await using hive = await idleHive();
  await hive.start();
  await hive.push(["lamp", "desk", "chair"].map((body, n) => order(body, { id: `o-${n}` })));
  await hive.whenIdle();
  const queue = hive.queue("Orders");
  const [group, ...others] = await queue.letterGroups();
  assert.equal(others, []);
  assert.equal([group?.count, group?.errorName, group?.message], [3, "TypeError", "order … of … has no lines"]);
  assert.is(await queue.drop({ ids: group?.ids.slice(0, 1) ?? [] }, { by: "ada" }), 1);
  const lines = [];
  for await (const line of queue.exportLetters({ group: group?.key ?? "" })) lines.push(JSON.parse(line));
  assert.equal(
    lines.map(({ errorName, event }) => [errorName, event.specversion]),
    [
      ["TypeError", "1.0"],
      ["TypeError", "1.0"],
    ],
  );
  const { end, requeued, of, again } = await queue.requeueInSteps({ group: group?.key ?? "" });
  assert.equal([end, requeued, of, again.length], ["dead again", 1, 2, 1]);
  await throwsCode("NotFound", () => queue.letter("letter-99"));
  await throwsCode("InvalidConfiguration", () => queue.requeueMended(again[0] ?? "", { by: "ada" }));
});

test("a step that fails cancels nothing, and a retry cancels once", async () => {
  let attempts = 0;
  @actorDescription("Paid-Holds", { retry: { maxAttempts: 2 }, publishes: ["Hold"] })
  class HoldsActor {
    processAsync(_event: Event, context: ActorContext): Event[] {
      context.cancel("hold-17");
      if (++attempts === 1) throw new Error("not yet");
      return [new Event("Hold", "new", { cancelKey: "hold-17" })];
    }
  }
  const held: string[] = [];
  @actorDescription("Hold-Ends")
  class EndsActor {
    processAsync(event: Event): void {
      held.push(event.getBody<string>());
    }
  }
  const hive = await TestHive.start({ actors: [HoldsActor, EndsActor] });
  const enqueueTime = new Date(hive.clock.now() + 60_000);
  await hive.push(new Event("Hold", "old", { cancelKey: "hold-17", enqueueTime }));
  await hive.push(new Event("Paid"));
  await hive.settle();
  assert.equal(held, ["new"]);
  await hive.stop();
});

test("a topic that keeps its events refuses a cancel key", async () => {
  @actorDescription("Order-Reads")
  class ReadsActor {
    processAsync(): void {}
  }
  await using hive = await createHive({ actors: ReadsActor, keep: { "Order-": "1d" }, logger: silentLogger });
  await hive.setup();
  const error = await throwsCode("InvalidEvent", () => hive.push(new Event("Order", 1, { cancelKey: "k" })));
  assert.match(error.message, "keeps its events");
});

test.run();
