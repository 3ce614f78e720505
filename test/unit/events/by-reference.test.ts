import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { actorDescription, type ProcessorActor } from "../../../src/actors/actor.ts";
import { createHive } from "../../../src/hive/hive.ts";
import { Event } from "../../../src/events/event.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { stampOutputs } from "../../../src/delivery/stamp.ts";
import { stampRules } from "../../support/stamp-rules.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Bodies by reference");

/** Pushes an event through two hops; returns the bodies that the actors saw. */
async function seenThrough(provider: string, body: object): Promise<unknown[]> {
  const seen: unknown[] = [];
  class First implements ProcessorActor {
    processAsync(event: Event): Event[] {
      seen.push(event.getBody());
      return [new Event("Second", event.getBody(), { byReference: true })];
    }
  }
  class Second implements ProcessorActor {
    processAsync(event: Event): void {
      seen.push(event.getBody());
    }
  }
  actorDescription("First-A", { publishes: ["Second"] })(First);
  actorDescription("Second-B")(Second);
  const hive = await createHive({ actors: [First, Second], provider, logger: silentLogger });
  await hive.start();
  await hive.push(new Event("First", body, { byReference: true }));
  await hive.whenIdle();
  await hive.stop();
  return seen;
}

test("readers in this process get the object itself", async () => {
  const body = { total: 1n, at: new Map([["a", 1]]) };
  const seen = await seenThrough("memory:", body);
  assert.is(seen.length, 2);
  for (const one of seen) assert.is(one, body);
});

test("a provider that stores events gives readers its JSON", async () => {
  const folder = await mkdtemp(join(tmpdir(), "by-reference-"));
  try {
    const seen = await seenThrough(`sqlite:${join(folder, "hive.db")}`, { at: new Date(5) });
    assert.equal(seen, [{ at: "1970-01-01T00:00:00.005Z" }, { at: "1970-01-01T00:00:00.005Z" }]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a shared body without JSON is refused where it leaves the process", async () => {
  const error = await throwsCode("InvalidEvent", () => new Event("A", { n: 1n }, { byReference: true }).toRecord());
  assert.match(error.message, "the event A is not JSON");
  for (const [body, contentType] of [
    ["text", "text/plain"],
    [new Uint8Array(1), undefined],
    [undefined, undefined],
  ] as const) {
    await throwsCode("InvalidEvent", () => new Event("A", body, { byReference: true, contentType }));
  }
});

test("copies share a body until one asks for a value", () => {
  const body = { n: 1 };
  const event = new Event("A", body, { byReference: true });
  assert.is(event.clone().getBody(), body);
  assert.ok(event.clone().byReference);
  const copy = event.clone({ byReference: false });
  assert.not(copy.byReference);
  assert.equal(copy.getBody(), body);
  assert.is.not(copy.getBody(), body);
  assert.is(event.bodySize, 7);
});

test("ids of shared outputs hash their content, except in atomic steps", () => {
  const input = new Event("In", 1, { id: "input" });
  const outputs = (): Event[] => [new Event("Out", { n: 1 }, { byReference: true })];
  const idOf = (atomic: boolean): string | undefined =>
    stampOutputs(input, outputs(), {}, stampRules({ atomic }))[0]?.id;
  assert.is(idOf(false), idOf(false));
  assert.is(idOf(false), stampOutputs(input, [new Event("Out", { n: 1 })], {}, stampRules())[0]?.id);
  assert.is.not(idOf(true), idOf(true));
});

test.run();
