import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as own from "beehive-actors";
import * as assert from "uvu/assert";
import { adopted } from "../../../src/events/adopted-event.ts";
import { matches } from "../../../src/actors/supervision.ts";
import { root } from "../../support/cli.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("two installed copies", { timeoutMs: 60_000 });
const folder = mkdtempSync(join(tmpdir(), "beehive-copy-"));
let other: typeof own;

test.before(async () => {
  for (const part of ["src", "providers"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  other = (await import(pathToFileURL(join(folder, "src/index.ts")).href)) as typeof own;
});
test.after(() => rmSync(folder, { recursive: true }));

interface Worked {
  readonly letters: readonly own.DeadLetter[];
  readonly reports: readonly own.DeliveryReport[];
}

/** Runs this work as the actor of a hive of this copy. */
async function worked(work: (event: own.Event) => own.ActorOutput): Promise<Worked> {
  class Worker {
    processAsync(event: own.Event): own.ActorOutput {
      return work(event);
    }
  }
  class Next {
    processAsync(): void {}
  }
  own.actorDescription("CopiedOrder-Worker", { retry: { maxAttempts: 3, minDelay: 1, maxDelay: 1 } })(Worker);
  other.actorDescription("CopiedNext-Reader")(Next);
  const reports: own.DeliveryReport[] = [];
  await using hive = await own.createHive({
    actors: [Worker, Next],
    logger: own.silentLogger,
    onDelivery: (report) => reports.push(report),
  });
  await hive.start();
  await hive.push(new own.Event("CopiedOrder", { id: 1 }, { id: "order 1", correlationId: "process 1" }));
  await hive.whenIdle();
  const letters: own.DeadLetter[] = [];
  for await (const letter of hive.queue("CopiedOrder-Worker").deadLetters()) letters.push(letter);
  return { letters, reports };
}

test("the copies are two", () => {
  assert.is.not(other.BeeHiveError, own.BeeHiveError);
  assert.is.not(other.Event, own.Event);
});

test("an error is known by its class and its code, as in one copy", () => {
  const conflict = new other.ConcurrencyConflict("row 1", "it changed");
  assert.ok(own.isBeeHiveError(conflict, "ConcurrencyConflict"));
  assert.ok(conflict instanceof own.BeeHiveError);
  assert.ok(conflict instanceof own.ConcurrencyConflict);
  assert.not.ok(conflict instanceof own.RejectEvent);
  assert.not.ok(other.isBeeHiveError(new TypeError("of nobody")));
  assert.ok(new own.RejectEvent("no") instanceof other.RejectEvent);
  class Mine extends own.RejectEvent {}
  assert.ok(new Mine("no") instanceof other.RejectEvent);
  assert.not.ok(new other.RejectEvent("no") instanceof Mine);
});

test("rules of supervision are for the errors of both", () => {
  assert.ok(matches("Throttled", new other.BeeHiveError("Throttled", "slow down")));
  assert.ok(matches(own.RejectEvent, new other.RejectEvent("no")));
});

test("an error from another copy has the same effect", async () => {
  const { letters } = await worked(() => {
    throw new other.RejectEvent("the card is stolen");
  });
  assert.equal(
    letters.map(({ attempts, errorName, reason }) => [attempts, errorName, reason]),
    [[1, "Rejected", "the card is stolen"]],
  );
  let calls = 0;
  const { reports } = await worked(() => {
    if (calls++ === 0) throw new other.PauseSubscription(1);
  });
  assert.equal(
    reports.map(({ outcome }) => outcome),
    ["abandoned", "committed"],
  );
});

test("an event of the other is published as one of ours", async () => {
  const given = { properties: { colour: "red" }, partitionKey: "k" };
  const { letters, reports } = await worked(() => [
    new other.Event("CopiedNext", { id: 2 }, given),
    new other.Event("CopiedNext", { id: 3 }, { id: "mine" }),
  ]);
  assert.equal(letters, []);
  const [first, second] = reports.find(({ descriptor }) => descriptor.name === "Worker")?.outputs ?? [];
  assert.instance(first, own.Event);
  assert.equal(
    [first?.getBody(), first?.properties, first?.partitionKey, first?.correlationId, first?.causationId],
    [{ id: 2 }, given.properties, "k", "process 1", "order 1"],
  );
  // By the rule for outputs, so that a repeated step publishes the same ids.
  assert.match(first?.id ?? "", /^[\da-f]{8}-[\da-f]{4}-8/);
  assert.is(second?.id, "mine");
});

test("an event of the other is pushed, by itself or among others", async () => {
  class Reader {
    processAsync(): void {}
  }
  own.actorDescription("CopiedOrder-Reader")(Reader);
  await using hive = await own.createHive({ actors: Reader, logger: own.silentLogger });
  await hive.setup();
  await hive.push(new other.Event("CopiedOrder", 1));
  await hive.push([new own.Event("CopiedOrder", 2), new other.Event("CopiedOrder", 3)]);
  assert.is((await hive.queue("CopiedOrder-Reader").counts()).ready, 3);
});

test("an event of an unreadable release names the two copies", async () => {
  const event = Object.create(other.Event.prototype) as own.Event;
  const { message } = await throwsCode("InvalidEvent", () => adopted(event));
  assert.match(message, "npm ls beehive-actors");
});

test("the token of a store of the other is injected", async () => {
  const Orders = other.collectionStore<{ id: string }>("CopiedOrders");
  assert.is(own.collectionStore("CopiedOrders"), Orders);
  class Keeper {
    readonly #orders: own.CollectionStore<{ id: string }>;
    constructor(orders: own.CollectionStore<{ id: string }>) {
      this.#orders = orders;
    }
    async processAsync(event: own.Event): Promise<void> {
      await this.#orders.insert({ id: event.id });
    }
  }
  own.actorDescription("CopiedOrder-Keeper")(Keeper);
  own.injects(Orders)(Keeper);
  await using hive = await own.createHive({ actors: Keeper, logger: own.silentLogger });
  await hive.start();
  await hive.push(new own.Event("CopiedOrder", 1, { id: "order 1" }));
  await hive.whenIdle();
  assert.is((await hive.store(Orders).get("order 1")).id, "order 1");
});

test("a type of event of the other reads and makes events", async () => {
  const Order = other.eventType<{ id: number }>("CopiedOrder");
  assert.equal(Order.read(new own.Event("CopiedOrder", { id: 1 })), { id: 1 });
  assert.instance(adopted(Order.create({ id: 1 })), own.Event);
});

test.run();
