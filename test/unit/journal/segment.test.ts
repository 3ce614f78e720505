import fc from "fast-check";
import * as assert from "uvu/assert";
import type { JournalEntry } from "../../../src/journal/journal.ts";
import { entriesIn, entriesOf } from "../../../src/journal/segment-entries.ts";
import { SegmentText, segmentsFrom } from "../../../src/journal/segment.ts";
import { suite } from "../../support/suite.ts";
import { entry } from "./entries.ts";

const test = suite("the text of a segment");

/** Text of an id, type or name: not empty, without control characters. */
const text = fc
  .string({ minLength: 1, maxLength: 20, unit: "binary" })
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  .map((one) => one.replaceAll(/[\u0000-\u001f\u007f]/g, " "));
const time = fc.integer({ min: 0, max: 9_999_999_999_999 });
const plain = { noNullPrototype: true };
const optional = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined });
const entries: fc.Arbitrary<JournalEntry> = fc.record(
  {
    time,
    eventId: text,
    timestamp: time,
    eventType: text,
    queueName: fc.constantFrom("A-B", "A-", "Queue"),
    actor: optional(text),
    attempt: fc.nat(20),
    outcome: fc.constantFrom("pushed", "committed", "retried", "dead-lettered", "abandoned", "lease-lost"),
    durationMs: fc.nat(),
    dueAt: optional(time),
    correlationId: optional(text),
    causationId: optional(text),
    subject: optional(text),
    outputs: fc.array(
      fc.record(
        { id: text, eventType: text, destination: fc.constantFrom("A-", "Queue"), dueAt: optional(time) },
        plain,
      ),
      { maxLength: 3 },
    ),
    errorName: optional(text),
    errorMessage: optional(text),
  },
  plain,
);

test("entries read back equal the written ones, in order", () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 8 }), (list) => {
      const segment = new SegmentText();
      for (const one of list) segment.append(one);
      assert.equal(entriesOf(segment.toString()), list);
      assert.is(segment.entries, list.length);
    }),
  );
});

test("control characters become spaces, and nothing else changes", () => {
  const segment = new SegmentText();
  segment.append(entry({ subject: "a\u007fb\nc", errorName: "Error", errorMessage: "\u0000" }));
  segment.append(entry({ eventId: "2" }));
  const [first, second] = entriesOf(segment.toString());
  assert.equal([first?.subject, first?.errorMessage, second?.eventId], ["a b c", " ", "2"]);
});

test("a repeated name is written in short", () => {
  const one = new SegmentText();
  one.append(entry({ actor: "AnActorWithALongName", outcome: "committed" }));
  const two = new SegmentText();
  two.append(entry({ actor: "AnActorWithALongName", outcome: "committed" }));
  two.append(entry({ actor: "AnActorWithALongName", outcome: "committed" }));
  assert.ok(two.length < one.length * 1.6, `${two.length} characters for two, ${one.length} for one`);
});

test("entries out of order have the time of the newest", () => {
  const text = new SegmentText();
  for (const time of [3_000, 5_000, 4_000]) text.append(entry({ time }));
  assert.is(text.newest, 5_000);
});

test("an event that an entry published takes no ties of its own", () => {
  const text = new SegmentText();
  const ids = ["a", "b"].map((letter) => letter.repeat(36));
  const ties = { correlationId: ids[0], causationId: ids[0] };
  const output = { id: ids[1] ?? "", eventType: "OrderPaid", destination: "OrderPaid-", dueAt: undefined };
  const publishing = entry({
    eventId: ids[0] ?? "",
    actor: "Pay",
    attempt: 1,
    outcome: "committed",
    outputs: [output],
  });
  text.append(publishing);
  const before = text.length;
  const following = entry({ eventId: output.id, eventType: "OrderPaid", queueName: "OrderPaid-", ...ties });
  text.append(following);
  assert.ok(text.length - before < 36, `${text.length - before} characters more`);
  assert.equal(entriesOf(text.toString()), [publishing, following]);
});

test("ties that the publishing entry does not tell are written", () => {
  const text = new SegmentText();
  const output = { id: "2", eventType: "OrderPaid", destination: "OrderPaid-", dueAt: undefined };
  const publishing = entry({ outputs: [output] });
  const following = ["other", undefined].map((correlationId) =>
    entry({ eventId: "2", correlationId, causationId: "1 elsewhere" }),
  );
  for (const one of [publishing, ...following]) text.append(one);
  assert.equal(entriesOf(text.toString()), [publishing, ...following]);
});

test("a segment of an earlier release is read", () => {
  const lines =
    "1000 0 =1 0 =OrderAccepted =OrderAccepted- =pushed 2 0 500 0 0 1 =OrderAccepted-Work =committed 517 =Work 20 1 =2 =OrderPaid =OrderPaid- 8000";
  const [pushed, delivered] = entriesIn({ lines: lines.replaceAll(" ", "\u007f") });
  assert.equal(pushed, entry());
  const output = { id: "2", eventType: "OrderPaid", destination: "OrderPaid-", dueAt: 9_000 };
  const work = { queueName: "OrderAccepted-Work", actor: "Work", attempt: 1, outcome: "committed" as const };
  assert.equal(delivered, entry({ ...work, time: 1_500, durationMs: 20, outputs: [output] }));
});

test("a segment of an unknown format has no entries", () => {
  assert.equal(entriesIn({}), []);
});

test("a part of a millisecond is written as whole milliseconds", () => {
  const text = new SegmentText();
  text.append(entry({ durationMs: 1.6 }));
  assert.is(entriesOf(text.toString())[0]?.durationMs, 2);
});

test("ids of segments sort newest first, for times near and far", () => {
  const times = [0, 1_000, Date.UTC(2026, 0, 1), Date.UTC(2250, 0, 1)];
  assert.equal(times.map(segmentsFrom).sort().reverse(), times.map(segmentsFrom));
});

test.run();
