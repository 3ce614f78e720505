import {
  BeeHiveError,
  createHive,
  createRelay,
  Event,
  healthServer,
  registerProvider,
  silentLogger,
  type Provider,
  type QueueOperator,
  type Relay,
  type RelayOptions,
} from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import * as assert from "uvu/assert";
import { overriding } from "../../../src/base/overriding.ts";
import { actor, running, tampered } from "../../../src/testing/contracts/hive/harness.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("the relay");

const clock = new ManualClock();

/** Two providers, of which the second has a reader that notes what arrives. */
async function scene(
  changes: Partial<QueueOperator> = {},
  options: Partial<RelayOptions> = {},
): Promise<{ from: Provider; to: Provider; relay: Relay; arrived: Event[] } & AsyncDisposable> {
  const from = new MemoryProvider({ clock });
  const to = new MemoryProvider({ clock });
  const arrived: Event[] = [];
  const note = (event: Event): void => void arrived.push(event);
  const readers = await running({ provider: to }, [actor("Paid-Read", note), actor("Invoices", note)], { clock });
  const topics = ["Paid", "Invoices-Invoices"];
  const relay = await createRelay({ from, to: tampered(to, changes), topics, logger: silentLogger, clock, ...options });
  return {
    from,
    to,
    relay,
    arrived,
    async [Symbol.asyncDispose]() {
      await Promise.all([relay.stop(), readers.stop()]);
      await Promise.all([from.close(), to.close()]);
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

test("events of topics and queues arrive as they were published", async () => {
  await using given = await scene();
  const { from, relay, arrived } = given;
  await relay.start();
  const whole = { id: "1", correlationId: "c", causationId: "k", properties: { region: "eu" }, partitionKey: "p" };
  const published = [
    new Event("Paid", { amount: 1 }, whole),
    new Event("Invoice", { amount: 2 }, { id: "2", queueName: "Invoices", delivery: "log" }),
  ];
  await from.queues.push(published);
  await until(() => arrived.length === 2);
  const facts = ({ queueName: _, ...fact }: ReturnType<Event["toJSON"]>): object => fact;
  const byId = (events: readonly Event[]): object[] =>
    events.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((event) => facts(event.toJSON()));
  assert.equal(byId(arrived), byId(published));
});

test("the order of a key is kept while other keys overtake it", async () => {
  let fail = true;
  const to: string[] = [];
  const push = async ([event]: readonly Event[]): Promise<undefined> => {
    if (event?.partitionKey === "slow" && fail) throw new BeeHiveError("Unavailable", "it is down");
    to.push(event?.id ?? "");
  };
  await using given = await scene({ push });
  const { from, relay } = given;
  await relay.start();
  const event = (id: string, partitionKey: string): Event => new Event("Paid", {}, { id, partitionKey });
  await from.queues.push([event("s1", "slow"), event("s2", "slow"), event("q1", "quick"), event("s3", "slow")]);
  await until(() => to.length === 1);
  fail = false;
  await clock.advance("10s");
  await relay.whenIdle();
  assert.equal(to, ["q1", "s1", "s2", "s3"]);
});

test("an outage of any length dead-letters nothing", async () => {
  let calls = 0;
  let down = true;
  const push = async (): Promise<undefined> => {
    calls++;
    if (down) throw new BeeHiveError("Unavailable", "it is down");
  };
  await using given = await scene({ push });
  const { from, relay } = given;
  await relay.start();
  await from.queues.push([new Event("Paid")]);
  await until(() => calls === 1);
  await clock.advance("1h");
  assert.ok(calls > 100, `${calls} tries`);
  const { detail } = await relay.health();
  assert.is(detail.actors[0]?.paused?.reason, "Unavailable");
  down = false;
  await clock.advance("10s");
  await relay.whenIdle();
});

test("an event that cannot be published ever is dead-lettered", async () => {
  const push = async (): Promise<undefined> => {
    throw new BeeHiveError("TooLarge", "it is too large");
  };
  await using given = await scene({ push });
  const { from, relay } = given;
  await relay.start();
  await from.queues.push([new Event("Paid", {}, { id: "big" })]);
  const hive = await createHive({ provider: from, clock });
  while ((await hive.queue("Paid-Relay").counts()).dead === 0) await clock.advance(10);
  const letters = [];
  for await (const { event, reason } of hive.queue("Paid-Relay").deadLetters()) letters.push([event.id, reason]);
  assert.equal(letters, [["big", "it is too large"]]);
});

test("a relay does not start without the topics that it publishes to", async () => {
  const [from, to] = [new MemoryProvider(), new MemoryProvider()];
  await using relay = await createRelay({ from, to, topics: ["Paid"], logger: silentLogger });
  const { message } = await throwsCode("QueueNotFound", () => relay.start());
  assert.match(message, "Missing on memory:, where the relay publishes: Paid-.");
});

test("a relay closes the providers that it opened, and no others", async () => {
  const closed: string[] = [];
  const watched = (name: string): Provider =>
    overriding<Provider>(new MemoryProvider(), { close: async () => void closed.push(name) });
  registerProvider({
    scheme: "watched",
    journal: "off",
    sharedBetweenProcesses: false,
    messagingSystem: "watched",
    open: (url) => watched(url),
  });
  const given = await createRelay({ from: watched("a"), to: watched("b"), topics: ["Paid"], logger: silentLogger });
  await given.stop();
  assert.equal(closed, []);
  const opened = await createRelay({ from: "watched:c", to: "watched:d", topics: ["Paid"], logger: silentLogger });
  await Promise.all([opened.stop(), opened.stop()]);
  await opened.whenStopped();
  assert.equal(closed, ["watched:c", "watched:d"]);
  await throwsCode("InvalidConfiguration", () => createRelay({ from: "nothing:", to: "watched:e", topics: ["Paid"] }));
  assert.is(closed.at(-1), "watched:e", "the other one too, when one cannot be opened");
});

test("the health of a relay is served to probes", async () => {
  await using given = await scene();
  await given.relay.start();
  await using server = await healthServer(given.relay, { port: 0 });
  assert.is((await fetch(`http://127.0.0.1:${server.port}/ready`)).status, 200);
});

test("every problem of the options is listed", async () => {
  const wrong = { from: 1, to: null, topics: ["A-B", "C D"] } as unknown as RelayOptions;
  const { message } = await throwsCode("InvalidConfiguration", () => createRelay(wrong));
  for (const problem of ["from must be", "to must be", '"A-B" is a subscription', '"C D"'])
    assert.match(message, problem);
  const same = { from: "memory:", to: "memory:", topics: [] };
  const { message: others } = await throwsCode("InvalidConfiguration", () => createRelay(same));
  assert.match(others, "from and to are the same");
  assert.match(others, "topics must be a list of at least one topic");
});

test.run();
