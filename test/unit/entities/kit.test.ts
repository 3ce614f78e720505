import * as assert from "uvu/assert";
import { eventType } from "../../../src/events/event-type.ts";
import type { Identified } from "../../../src/contract/stores.ts";
import { actor } from "../../../src/actors/injection/function-actor.ts";
import { collectionStore } from "../../../src/actors/injection/tokens.ts";
import { given, simulate } from "../../../src/testing/index.ts";
import { Staff } from "../../support/staff.ts";
import { suite } from "../../support/suite.ts";

const test = suite("entities in the test kit");

const Seen = collectionStore<Identified>("Seen");
const Hired = eventType<{ id: string }>("Hired", undefined, { entry: true });
const Hire = actor(
  "Hired-Hire",
  Hired,
  { name: "Hire", uses: { staff: Staff.token }, publishes: Staff.published },
  async ({ body: { id }, staff }) => {
    await staff.createGraph([
      { type: "Company", id: "acme", as: "acme", put: { name: "Acme" } },
      { type: "Member", id, put: { company: "#acme", name: id } },
    ]);
  },
);

test("given, when, then compares the changes of an actor", async () => {
  const { CompanyChanged, MemberChanged } = Staff.events;
  const [acme, ada] = [{ name: "Acme" }, { company: "acme", name: "ada" }];
  const change = { version: 1, act: "created", by: null } as const;
  await given()
    .when(Hired.create({ id: "ada" }), Hire)
    .then([
      CompanyChanged.create(
        { ...change, id: "acme", entity: { ...acme, id: "acme", version: 1 }, changed: ["name"] },
        { partitionKey: "acme" },
      ),
      MemberChanged.create(
        { ...change, id: "ada", entity: { ...ada, id: "ada", version: 1 }, changed: ["company", "name"] },
        { partitionKey: "ada" },
      ),
    ]);
});

for (const as of ["sqlite", "aws"] as const)
  test(`under the faults of ${as}, members and their events agree`, async () => {
    const Watch = actor(
      "MemberChanged-Watch",
      Staff.events.MemberChanged,
      { name: "Watch", uses: { seen: Seen } },
      async ({ body: { id, version }, seen }) => void (await seen.upsert({ id: `${id} ${version}` })),
    );
    await simulate({
      actors: [Hire, Watch],
      push: ["ada", "bob", "ada"].map((id) => Hired.create({ id })),
      as,
      runs: 30,
      async invariant(stores) {
        const changes: string[] = [];
        for await (const { id } of stores.collection<Identified>("Seen").all()) changes.push(id);
        assert.equal(changes, ["ada 1", "bob 1"]);
      },
    });
  });

test.run();
