import * as assert from "uvu/assert";
import { Activity, flowKey } from "../../../../src/web/dashboard/activity.ts";
import type { JournalEntry } from "../../../../src/journal/journal.ts";
import { MemoryJournal } from "../../../../src/journal/memory-journal.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the last hour of a journal");

const now = 1_800_000_010_000;
const minute = 60_000;

function attempt(time: number, given: Partial<JournalEntry> = {}): JournalEntry {
  return {
    time,
    eventId: "1",
    timestamp: time - 500,
    eventType: "Ordered",
    queueName: "Ordered-Payment",
    actor: "PaymentActor",
    attempt: 1,
    outcome: "committed",
    durationMs: 100,
    dueAt: undefined,
    correlationId: undefined,
    causationId: undefined,
    subject: undefined,
    outputs: [{ id: "2", eventType: "Paid", destination: "Paid-", dueAt: undefined }],
    errorName: undefined,
    errorMessage: undefined,
    ...given,
  };
}

test("attempts are counted by queue, and events by arrow", async () => {
  const journal = new MemoryJournal(100);
  journal.append(attempt(now - 30 * minute));
  journal.append(attempt(now - 5_000));
  journal.append(attempt(now - 4_000, { outcome: "retried", outputs: [], durationMs: 300 }));
  journal.append(attempt(now - 3_000, { outcome: "abandoned", outputs: [] }));
  journal.append(attempt(now - 2_000, { outcome: "pushed", queueName: "Ordered-", actor: undefined, outputs: [] }));
  const activity = new Activity(journal);
  await activity.refresh(now);
  const { done, failed, tookMs, perMinute } = activity.of("Ordered-Payment", now);
  assert.equal([done, failed, Math.round(tookMs ?? 0)], [2, 1, 167]);
  assert.ok(perMinute > 1 && perMinute <= 2, `${perMinute}`);
  assert.is(activity.flows(now).get(flowKey("PaymentActor", "Paid-"))?.count, 2);
  assert.is(activity.flows(now).get(flowKey("", "Ordered-"))?.count, 1);
  assert.equal([...activity.readers], [["Ordered-Payment", "PaymentActor"]]);
});

test("a second look counts nothing twice, and sees entries that came late", async () => {
  const journal = new MemoryJournal(100);
  journal.append(attempt(now - 1_000));
  const activity = new Activity(journal);
  await activity.refresh(now);
  journal.append(attempt(now - 20_000));
  journal.append(attempt(now - 1_500));
  await activity.refresh(now + 2_000);
  await activity.refresh(now + 4_000);
  assert.is(activity.of("Ordered-Payment", now + 4_000).done, 3);
});

test("what is older than an hour is gone", async () => {
  const journal = new MemoryJournal(100);
  journal.append(attempt(now));
  const activity = new Activity(journal);
  await activity.refresh(now);
  await activity.refresh(now + 61 * minute);
  assert.is(activity.of("Ordered-Payment", now + 61 * minute).done, 0);
});

test("charts have a column for each part of the hour, and longest waits", async () => {
  const journal = new MemoryJournal(100);
  journal.append(attempt(now - minute, { timestamp: now - minute - 5_100 }));
  const activity = new Activity(journal);
  await activity.refresh(now);
  const { time, done, wait } = activity.series(now, "Ordered-Payment");
  assert.is(time.length, 179);
  assert.equal(
    done.filter((value) => value > 0),
    [3],
  );
  assert.equal(
    wait.filter((value) => value !== null),
    [5],
  );
  assert.equal(
    activity.series(now, "Other").done.filter((value) => value > 0),
    [],
  );
});

test.run();
