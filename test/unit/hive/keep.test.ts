import * as assert from "uvu/assert";
import { createHive, eventType, silentLogger, type Hive, type KeptTopics, type EventType } from "../../../src/index.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("keep of event types");

let made = 0;
const newName = (): string => `Kept${++made}`;

async function keeps(types: readonly EventType<unknown>[], keep?: KeptTopics): Promise<string[]> {
  await using hive = await publishing(types, keep);
  await hive.setup();
  return ((await hive.provider.queues.log?.topics()) ?? []).map(String);
}

function publishing(publishes: readonly EventType<unknown>[], keep?: KeptTopics): Promise<Hive> {
  return createHive({ publishes, keep, logger: silentLogger });
}

test("the topic of an event type with keep keeps its events", async () => {
  const [kept, plain, elsewhere] = [newName(), newName(), newName()];
  const types = [
    eventType(kept, undefined, { keep: "30d" }),
    eventType(plain),
    eventType(newName(), undefined, { keep: { compact: true }, queueName: `${elsewhere}-` }),
  ];
  assert.equal(await keeps(types), [`${kept}-`, `${elsewhere}-`]);
});

test("a named topic of the hive wins over an event type, which wins over *", async () => {
  const [named, typed] = [newName(), newName()];
  const types = [named, typed].map((name) => eventType(name, undefined, { keep: { for: "1ms", evenUnread: true } }));
  await using hive = await publishing(types, { [named]: "forever", "*": "forever" });
  await hive.setup();
  await hive.push(types.map((type) => type.create(1)));
  await new Promise((resolve) => setTimeout(resolve, 10));
  await hive.provider.queues.log?.trim();
  const left = await Promise.all([named, typed].map((topic) => hive.log(topic).range()));
  assert.equal(left, [
    { first: 0, next: 1 },
    { first: 1, next: 1 },
  ]);
});

test("types that disagree on a topic are told apart, unless the hive says", async () => {
  const topic = newName();
  const types = [
    eventType(topic, undefined, { keep: "1d" }),
    eventType(topic, undefined, { keep: "2d", version: 2 }),
    eventType(newName(), undefined, { keep: "24h", queueName: `${topic}-` }),
  ];
  await using hive = await publishing(types);
  const error = await throwsCode("InvalidConfiguration", () => hive.setup());
  assert.match(String(error), `version 1 of ${topic} and version 2 of ${topic} keep ${topic}- differently`);
  assert.equal(await keeps(types, { [topic]: "1d" }), [`${topic}-`]);
});

test("a keep of an event type that is none is refused", () => {
  const refusal = (keep: unknown, queueName?: string): string => {
    try {
      eventType("Refused", undefined, { keep: keep as "1d", queueName });
      return "";
    } catch (error) {
      return String(error);
    }
  };
  assert.match(refusal("soon"), /The keep of Refused must be a whole number of ms/);
  assert.match(refusal({ compacted: true }), /The keep of Refused.compacted is not an option/);
  assert.match(refusal("1d", "Invoices"), /only topics keep events/);
});

test.run();
