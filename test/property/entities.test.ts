/**
 * Entities under many writers at once: random patches, graphs, references and deletions, by several hives on one
 * provider. In the end nothing is lost, nothing dangles, and the events tell the same story as the store.
 */
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../providers/memory/index.ts";
import { PostgresProvider } from "../../providers/postgres/index.ts";
import { SqliteProvider } from "../../providers/sqlite/index.ts";
import { isBeeHiveError } from "../../src/base/errors.ts";
import type { Provider } from "../../src/contract/provider.ts";
import { createHive, type Event, type Hive } from "../../src/index.ts";
import { actor } from "../../src/actors/injection/function-actor.ts";
import { noPostgres, postgresSchema } from "../support/postgres-server.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { Staff, staffOf } from "../support/staff.ts";
import { suite } from "../support/suite.ts";

const companies = ["a", "b", "c"];
const members = ["m1", "m2", "m3", "m4", "m5"];
const budget = 100;
const expected = new Set(["AlreadyExists", "NotFound", "InvalidItem", "InvalidState", "ConcurrencyConflict"]);

/** Lets writers loose on the entities of some providers, which share one store, and checks what is left. */
async function torture(providers: readonly Provider[], writers: number, turns: number): Promise<void> {
  const events: Event[] = [];
  const { CompanyChanged, MemberChanged } = Staff.events;
  const watch = [
    actor("CompanyChanged-Watch", CompanyChanged, { name: "Companies" }, ({ event }) => void events.push(event)),
    actor("MemberChanged-Watch", MemberChanged, { name: "Members" }, ({ event }) => void events.push(event)),
  ];
  const hives = await Promise.all(
    providers.map((provider) => createHive({ actors: watch, provider, journal: false, controls: false })),
  );
  for (const hive of hives) await hive.start();
  const services = hives.map(staffOf);
  const [staff] = services as [(typeof services)[0]];
  await staff.Company.create({ id: "bank", name: "Bank" });
  await staff.createGraph([
    { type: "Member", create: { id: "left", company: "bank", name: "L", salary: budget } },
    { type: "Member", create: { id: "right", company: "bank", name: "R", salary: 0 } },
    { type: "Member", create: { id: "count", company: "bank", name: "C", salary: 0 } },
  ]);
  let added = 0;
  const acts = [
    // A transfer: two entities, or neither.
    async (own: typeof staff) => {
      const [left, right] = [await own.Member.get("left"), await own.Member.get("right")];
      await own.createGraph([
        { type: "Member", id: "left", patch: { salary: (left.salary ?? 0) - 1 }, version: left.version },
        { type: "Member", id: "right", patch: { salary: (right.salary ?? 0) + 1 }, version: right.version },
      ]);
    },
    // A count by etags: none is lost.
    async (own: typeof staff) => {
      const { salary = 0, version } = await own.Member.get("count");
      await own.Member.patch("count", { salary: salary + 1 }, { version });
      added++;
    },
    async (own: typeof staff) => own.Company.put(any(companies), { name: `${Math.random()}` }),
    async (own: typeof staff) => own.Company.delete(any(companies)),
    async (own: typeof staff) => own.Member.put(any(members), { company: any(companies), name: any(members) }),
    async (own: typeof staff) => own.Member.patch(any(members), { company: any(companies), salary: Math.random() }),
    async (own: typeof staff) => own.Member.delete(any(members)),
    async (own: typeof staff) =>
      own.createGraph([
        { type: "Company", as: "new", put: { name: "G" }, id: any(companies) },
        { type: "Member", id: any(members), put: { company: "#new", name: "g", boss: any(members) } },
      ]),
  ];
  const unexpected: unknown[] = [];
  await Promise.all(
    Array.from({ length: writers }, async (_, n) => {
      const own = services[n % services.length] as typeof staff;
      for (let turn = 0; turn < turns; turn++)
        await any(acts)(own).catch((error: unknown) => {
          if (!isBeeHiveError(error) || !expected.has(error.code)) unexpected.push(error);
        });
    }),
  );
  assert.equal(unexpected, []);
  for (const hive of hives) await hive.whenIdle();

  const all = (await staff.Member.list()).items;
  const there = new Set((await staff.Company.list()).items.map(({ id }) => id));
  const byId = new Map(all.map((one) => [one.id, one]));
  assert.is((byId.get("left")?.salary ?? 0) + (byId.get("right")?.salary ?? 0), budget, "a transfer was torn");
  assert.is(byId.get("count")?.salary, added, "a count was lost");
  for (const { id, company, boss } of all) {
    assert.ok(there.has(company), `${id} belongs to ${company}, which is not there`);
    assert.ok(boss === undefined || byId.has(boss), `the boss of ${id} is not there`);
  }
  for (const by of ["company", "name", "salary"] as const) {
    const listed = (await staff.Member.list({ by })).items.map(({ id }) => id);
    const indexed = all.filter((one) => one[by] !== undefined).map(({ id }) => id);
    assert.equal(listed.toSorted(), indexed.toSorted(), `the index ${by} is wrong`);
  }
  const stories = new Map<string, Event[]>();
  for (const event of events) {
    const of = `${event.eventType} ${event.partitionKey}`;
    stories.set(of, [...(stories.get(of) ?? []), event]);
  }
  for (const [of, story] of stories) {
    const bodies = story
      .map((event) => event.getBody<{ id: string; version: number; entity: unknown }>())
      .toSorted((a, b) => a.version - b.version);
    assert.equal(
      bodies.map(({ version }) => version),
      bodies.map((_, n) => n + 1),
      `${of} has a gap or a double`,
    );
    if (of.startsWith("Member")) assert.equal(bodies.at(-1)?.entity ?? undefined, byId.get(bodies[0]?.id ?? ""));
  }
  await Promise.all(hives.map((hive) => hive.stop()));
}

/** Deletes a company while a member of it is made: one of both is refused, whoever is first. */
async function race(providers: readonly Provider[], rounds: number): Promise<void> {
  const hives = await Promise.all(
    providers.map((provider) => createHive({ publishes: Staff.published, provider, journal: false })),
  );
  await hives[0]?.setup();
  const [one, other] = [staffOf(hives[0] as Hive), staffOf(hives.at(-1) as Hive)];
  for (let n = 0; n < rounds; n++) {
    await one.Company.create({ id: `race-c${n}`, name: "C" });
    const make = async (): Promise<unknown> => {
      for (let wait = n % 8; wait > 0; wait--) await Promise.resolve();
      return other.Member.create({ id: `race-m${n}`, company: `race-c${n}`, name: "M" });
    };
    const [made, deleted] = await Promise.allSettled([make(), one.Company.delete(`race-c${n}`)]);
    assert.is.not(made.status, deleted.status, `the member was ${made.status}, the deletion ${deleted.status}`);
  }
  await Promise.all(hives.map((hive) => hive.stop()));
}

function any<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

const test = suite("entities under many writers", { timeoutMs: 60_000 });

test("in memory", async () => {
  const provider = new MemoryProvider();
  await race([provider], 100);
  await torture([provider], 12, 60);
  await provider.close();
});

test("by two connections to one SQLite file", async () => {
  using file = sqliteFile();
  const providers = [1, 2].map(() => new SqliteProvider({ file: file.path }));
  await race(providers, 100);
  await torture(providers, 8, 40);
  await Promise.all(providers.map((provider) => provider.close()));
});

test.run();

const onPostgres = suite("entities under many writers on PostgreSQL", { timeoutMs: 60_000, skip: noPostgres });

onPostgres("by two processes' connections", async () => {
  const { url } = postgresSchema();
  const providers = [1, 2].map(() => new PostgresProvider({ url }));
  await race(providers, 40);
  await torture(providers, 8, 25);
  await Promise.all(providers.map((provider) => provider.close()));
});

onPostgres.run();
