import { createHive, silentLogger } from "beehive-actors";
import { entities, entity } from "beehive-actors/entities";
import { changesOf, live, query } from "beehive-actors/http";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { LiveStream } from "../../../support/live-stream.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

interface User {
  readonly company: string;
  readonly isHr: boolean;
}

const member = v.object({ company: v.string(), name: v.string(), salary: v.number() });
const Staff = entities(
  "Staff",
  { Member: entity(member, { keep: "1h" }) },
  {
    read: (user: User, { entity: found }) => {
      if (found.company !== user.company) return undefined;
      return user.isHr ? found : { ...found, salary: undefined };
    },
  },
);

const test = suite("live changes of entities");

test("a user sees of each change what read lets the user see", async () => {
  const hive = await createHive({ publishes: Staff.published, logger: silentLogger });
  await hive.setup();
  const users: Readonly<Record<string, User>> = {
    hr: { company: "acme", isHr: true },
    bob: { company: "acme", isHr: false },
    eve: { company: "other", isHr: true },
  };
  const push = live(hive, {
    ...changesOf(Staff),
    queries: {
      of: query(Staff.events.MemberChanged, ["company"], ({ body }, { company }) => body.entity?.company === company),
    },
    user: ({ headers }) => users[headers.get("x-user") ?? ""],
    logger: silentLogger,
  });
  const open = async (name: string): Promise<LiveStream> => {
    const stream = await LiveStream.open(push, [{ subscribe: 1, to: "MemberChanged" }], { "x-user": name });
    assert.is((await stream.next())?.load, true);
    return stream;
  };
  const [hr, bob, eve] = [await open("hr"), await open("bob"), await open("eve")];
  const staff = hive.store(Staff.token);
  await staff.Member.create({ id: "1", company: "acme", name: "Grace", salary: 100 }, { by: "ada" });
  await staff.Member.patch("1", { salary: 200 });
  await staff.Member.delete("1");
  const whole = { id: "1", company: "acme", name: "Grace" };
  assert.equal(await hr.bodies(3), [
    {
      id: "1",
      version: 1,
      act: "created",
      entity: { ...whole, salary: 100, version: 1 },
      changed: ["company", "name", "salary"],
      by: "ada",
    },
    {
      id: "1",
      version: 2,
      act: "updated",
      entity: { ...whole, salary: 200, version: 2 },
      changed: ["salary"],
      by: null,
    },
    { id: "1", version: 3, act: "deleted", entity: null, changed: [], by: null },
  ]);
  const seen = await bob.bodies<{ entity: object | null; changed: string[] }>(3);
  assert.equal(
    seen.map(({ entity: found }) => found),
    [{ ...whole, version: 1 }, { ...whole, version: 2 }, null],
  );
  assert.equal(
    seen.map(({ changed }) => changed),
    [["company", "name"], [], []],
  );
  assert.equal(
    (await eve.bodies<{ entity: object | null }>(1)).map(({ entity: found }) => found),
    [null],
  );
  await push.close();
  await hive.stop();
});

test("a read that is null hides a change, and a promise shows none", async () => {
  const answers: Readonly<Record<string, unknown>> = {
    nobody: null,
    promised: Promise.resolve({ text: "t" }),
    all: { text: "t" },
  };
  const Notes = entities(
    "Notes",
    { Note: entity(v.object({ text: v.string() }), { keep: "1h" }) },
    { read: (user: string) => answers[user] as object },
  );
  const { may } = changesOf(Notes);
  const body = { entity: { id: "a", text: "t", version: 1 }, changed: ["text"] };
  const ask = (user: string) => may(user, { type: "NoteChanged", body } as never);
  assert.is(ask("nobody"), false);
  assert.is(ask("all"), true);
  await throwsCode("InvalidConfiguration", () => ask("promised"));
});

test.run();
