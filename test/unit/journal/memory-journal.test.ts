import * as assert from "uvu/assert";
import type { LateEntry } from "../../../src/journal/journal.ts";
import { MemoryJournal } from "../../../src/journal/memory-journal.ts";
import { suite } from "../../support/suite.ts";
import { all, entry } from "./entries.ts";

const test = suite("MemoryJournal");

const ids = async (journal: MemoryJournal, filter = {}): Promise<string[]> =>
  (await all(journal.read(filter))).map(({ eventId }) => eventId);

test("a journal that is not full returns all entries, newest first", async () => {
  const journal = new MemoryJournal(3);
  for (const eventId of ["1", "2"]) journal.append(entry({ eventId }));
  assert.equal(await ids(journal), ["2", "1"]);
});

test("a full journal returns the last entries", async () => {
  const journal = new MemoryJournal(3);
  for (let n = 1; n <= 7; n++) journal.append(entry({ eventId: String(n) }));
  assert.equal(await ids(journal), ["7", "6", "5"]);
});

test("entries appended while reading do not disturb the reader", async () => {
  const journal = new MemoryJournal(3);
  for (let n = 1; n <= 3; n++) journal.append(entry({ eventId: String(n) }));
  const read: string[] = [];
  for await (const { eventId } of journal.read()) {
    read.push(eventId);
    journal.append(entry({ eventId: "later" }));
  }
  assert.equal(read, ["3", "2", "1"]);
});

test("control characters become spaces, as in a stored journal", async () => {
  const journal = new MemoryJournal(3);
  const output = { id: "2\n", eventType: "B", destination: "B-", dueAt: undefined };
  journal.append(entry({ eventId: "1\u007f", subject: "a\nb", outputs: [output] }));
  const [read] = await all(journal.read());
  assert.equal([read?.eventId, read?.subject, read?.outputs[0]?.id], ["1 ", "a b", "2 "]);
});

test("since is inclusive and until is exclusive", async () => {
  const journal = new MemoryJournal(10);
  for (let time = 1; time <= 5; time++) journal.append(entry({ eventId: String(time), time }));
  assert.equal(await ids(journal, { since: 2, until: 4 }), ["3", "2"]);
});

test("an entry that nobody reads is never made, except in a large journal", async () => {
  const made: string[] = [];
  const late = (eventId: string): LateEntry => ({
    made() {
      made.push(eventId);
      return entry({ eventId });
    },
  });
  const [small, large] = [new MemoryJournal(2), new MemoryJournal(10_001)];
  for (const eventId of ["1", "2", "3"]) small.appendLate(late(eventId));
  assert.equal(made, []);
  large.appendLate(late("4"));
  assert.equal(made, ["4"]);
  assert.equal(await ids(small), ["3", "2"]);
  assert.equal(made, ["4", "3", "2"]);
});

test.run();
