import * as assert from "uvu/assert";
import { Event, type EventOptions } from "../../../src/events/event.ts";
import { stampOutputs } from "../../../src/delivery/stamp.ts";
import { stampRules } from "../../support/stamp-rules.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const input = Event.fromRecord({ ...new Event("In", 1, { id: "input" }).toRecord(), queueName: "In-Actor" });
const out = (body: unknown, options?: EventOptions): Event => new Event("Out", body, options);
const stamp = (...outputs: Event[]): readonly Event[] => stampOutputs(input, outputs, {}, stampRules());
const idsOf = (...outputs: Event[]): string[] => stamp(...outputs).map(({ id }) => id);

const ids = suite("Ids of outputs");

ids("a repeated step gives its outputs the same ids, UUIDs of version 8", () => {
  const once = idsOf(out("a"), out("b"));
  assert.equal(idsOf(out("a"), out("b")), once);
  for (const id of once) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

ids("outputs in another order, fewer or more of them, keep their ids", () => {
  const [a, b] = idsOf(out("a"), out("b"));
  assert.equal(idsOf(out("b"), out("a")), [b, a]);
  assert.equal(idsOf(out("b")), [b]);
  assert.equal(idsOf(out("c"), out("b"), out("d")).at(1), b);
});

ids("equal outputs differ by an ordinal, the same way each time", () => {
  const same = idsOf(out("a"), out("a"), out("a"));
  assert.is(new Set(same).size, 3);
  assert.equal(
    idsOf(out("a"), out("b"), out("a"), out("a")).filter((_, n) => n !== 1),
    same,
  );
  assert.equal(idsOf(out("a")), same.slice(0, 1));
  assert.equal(idsOf(out("a"), out("a")), same.slice(0, 2));
});

ids("another input, subscription, type, destination or body gives a new id", () => {
  const other = (changes: object): Event => Event.fromRecord({ ...input.toRecord(), ...changes });
  const all = [
    ...idsOf(out("a")),
    ...idsOf(out("b")),
    ...idsOf(out("a", { queueName: "Elsewhere-" })),
    ...idsOf(new Event("Other", "a", { queueName: "Out-" })),
    ...stampOutputs(other({ id: "another" }), [out("a")], {}, stampRules()).map(({ id }) => id),
    ...stampOutputs(other({ queueName: "In-Another" }), [out("a")], {}, stampRules()).map(({ id }) => id),
    ...idsOf(out(Uint8Array.of(1))),
    ...idsOf(out(Uint8Array.of(2))),
    ...idsOf(out(undefined)),
    ...idsOf(out("a", { url: "https://example.com/1" })),
    ...idsOf(out("a", { partitionKey: "1" })),
    ...idsOf(out("a", { properties: { p: 1 } })),
    ...idsOf(out("a", { properties: { p: 1 }, url: "https://example.com/1" })),
    ...idsOf(out("a", { properties: { p: 1 }, partitionKey: "1" })),
  ];
  assert.is(new Set(all).size, all.length);
});

ids("a delay and an expiry leave the id as it is", () => {
  const at = (now: number, options: EventOptions): Event | undefined =>
    stampOutputs(input, [out("a", options)], {}, stampRules({ clock: { now: () => now } }))[0];
  const [first, later] = [at(0, { delay: "1m", expires: "1h" }), at(1_000, { delay: "1m", expires: "1h" })];
  assert.equal([first?.id, later?.id], [...idsOf(out("a")), ...idsOf(out("a"))]);
  assert.equal([first?.enqueueTime?.getTime(), later?.enqueueTime?.getTime()], [60_000, 61_000]);
  assert.equal([first?.expires?.getTime(), later?.expires?.getTime()], [3_660_000, 3_661_000]);
});

ids("an output inherits the partition key where the actor says so", () => {
  const keyed = Event.fromRecord({ ...input.toRecord(), partitionKey: "order-1" });
  const keys = (inheritPartitionKey: boolean): (string | undefined)[] =>
    stampOutputs(keyed, [out("a"), out("b", { partitionKey: "own" })], {}, stampRules({ inheritPartitionKey })).map(
      ({ partitionKey }) => partitionKey,
    );
  assert.equal(keys(true), ["order-1", "own"]);
  assert.equal(keys(false), [undefined, "own"]);
});

ids("an id that the actor set or saw is kept", () => {
  const seen = out("b");
  const { id } = seen;
  assert.equal(idsOf(out("a", { id: "mine" }), seen), ["mine", id]);
});

ids("an atomic step that is repeated gives the same ids", () => {
  const [once, again] = [1, 2].map(() => stampOutputs(input, [out("a")], {}, stampRules({ atomic: true }))[0]?.id);
  assert.is(once, again);
});

ids("InvalidOutput explains an input that is returned as it came", async () => {
  assert.match((await throwsCode("InvalidOutput", () => stamp(out("a"), input))).message, "event.clone");
});

ids.run();

const stamps = suite("Stamps on outputs");

stamps("outputs carry the correlation id and the cause of their input", () => {
  const [output] = stamp(out("a"));
  assert.equal([output?.correlationId, output?.causationId], ["input", "input"]);
  const correlated = Event.fromRecord({ ...input.toRecord(), correlationId: "process" });
  assert.is(stampOutputs(correlated, [out("a")], {}, stampRules())[0]?.correlationId, "process");
  const own = stamp(out("a", { correlationId: "own", causationId: "mine" }))[0];
  assert.equal([own?.correlationId, own?.causationId], ["own", "input"]);
});

stamps("outputs carry the trace headers and are otherwise unchanged", () => {
  const output = out("a", { properties: { p: 1 }, partitionKey: "k", enqueueTime: new Date(5) });
  const [stamped] = stampOutputs(input, [output], { traceparent: "00-1" }, stampRules());
  assert.equal({ ...stamped?.properties }, { traceparent: "00-1", p: 1 });
  assert.equal([stamped?.partitionKey, stamped?.enqueueTime?.getTime(), stamped?.body], ["k", 5, '"a"']);
  assert.equal({ ...output.properties }, { p: 1 });
});

stamps.run();
