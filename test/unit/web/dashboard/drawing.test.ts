import {
  actor,
  actorDescription,
  createHive,
  eventType,
  pulse,
  silentLogger,
  type HiveOptions,
  type ProcessorActor,
} from "beehive-actors";
import * as assert from "uvu/assert";
import { Drawings } from "../../../../src/web/dashboard/drawing.ts";
import { watchedOf } from "../../../../src/web/dashboard/watched.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the drawing of a dashboard");

const topics = ["Ordered", "Paid", "Packed", "Shipped", "Mailed"];

/** Each event leads to the next. */
const chain = topics.map((topic, index) => {
  const next = topics[index + 1];
  const options = { name: `Work${index}`, ...(next !== undefined && { publishes: [next] }) };
  return actor(`${topic}-Work`, eventType(topic), options, async () => {});
});

@actorDescription("Ordered-Audit")
@actorDescription("Paid-Audit")
@actorDescription("Packed-Audit")
@actorDescription("Shipped-Audit")
@actorDescription("Mailed-Audit")
class Audit implements ProcessorActor {
  async processAsync(): Promise<void> {}
}

async function drawingsOf(actors: HiveOptions["actors"]): Promise<Drawings> {
  await using hive = await createHive({ actors, pulsers: [pulse("Ordered", { every: "1h" })], logger: silentLogger });
  return new Drawings(watchedOf(hive));
}

test("an actor that reads nearly everything is left out, and named", async () => {
  const { drawing } = (await drawingsOf([chain, Audit].flat())).of({ edges: [], readers: new Map() });
  assert.equal(drawing.leftOut, ["Audit"]);
  const readers = drawing.cards.flatMap((card) => card.readers.map(({ queue }) => queue));
  assert.equal(readers, ["Ordered-Work", "Paid-Work", "Packed-Work", "Shipped-Work", "Mailed-Work"]);
  assert.equal(
    drawing.arrows.map(({ from, to }) => [from, to]),
    [
      ["", "Ordered-"],
      ["Work0", "Paid-"],
      ["Work1", "Packed-"],
      ["Work2", "Shipped-"],
      ["Work3", "Mailed-"],
    ],
  );
});

test("a provider alone is drawn from what was observed", async () => {
  const drawings = await drawingsOf([]);
  const { drawing } = drawings.of({
    edges: [{ from: "PaymentActor", destination: "Paid-", count: 3 }],
    readers: new Map([
      ["Ordered-Payment", "PaymentActor"],
      ["Paid-Unread", undefined],
    ]),
  });
  assert.equal(
    drawing.cards.flatMap(({ readers }) => readers.map(({ text, queue }) => [text, queue])),
    [
      ["Payment", "Ordered-Payment"],
      ["Unread", "Paid-Unread"],
    ],
  );
});

test("the version changes with the graph alone", async () => {
  const drawings = await drawingsOf([chain, Audit].flat());
  const first = drawings.of({ edges: [], readers: new Map() });
  const same = drawings.of({ edges: [], readers: new Map([["Ordered-Work", "Work0"]]) });
  assert.is(same.version, first.version);
  assert.is(same.drawing, first.drawing);
  const edge = { from: "Work0", destination: "Mailed-", count: 1 };
  const other = drawings.of({ edges: [edge], readers: new Map() });
  assert.is.not(other.version, first.version);
  assert.is(drawings.of({ edges: [{ ...edge, count: 9 }], readers: new Map() }).version, other.version);
});

test.run();
