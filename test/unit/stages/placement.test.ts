import * as assert from "uvu/assert";
import { nextPlan, type Member, type PlacementPlan, type SeenLoad } from "../../../src/stages/auto/placement.ts";
import { suite } from "../../support/suite.ts";

const test = suite("the plan of processes that share actors");

const queues = Array.from({ length: 6 }, (_, n) => `Topic${n}-Work`);
const everyMs = 5_000;

interface Given {
  readonly loads?: Readonly<Record<string, SeenLoad>>;
  readonly beat?: number;
  readonly actors?: Member["actors"];
}

function member(id: string, now: number, { loads = {}, beat = now, actors }: Given = {}): Member {
  const all = actors ?? Object.fromEntries(queues.map((queue) => [queue, {}]));
  return { id, host: "h", pid: 1, started: 0, beat, everyMs, actors: all, loads };
}

const countsOf = ({ owners }: PlacementPlan): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const id of Object.values(owners)) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
};

function planned(ids: readonly string[], now = 0): PlacementPlan {
  const plan = nextPlan({ before: undefined, members: ids.map((id) => member(id, now)), frozen: false, now });
  assert.ok(plan);
  return plan;
}

test("the actors are shared out by number before anything is seen", () => {
  assert.equal(countsOf(planned(["a", "b"])), { a: 3, b: 3 });
});

test("nothing changes without a reason", () => {
  const before = planned(["a", "b"]);
  const members = [member("a", 10_000), member("b", 10_000)];
  assert.is(nextPlan({ before, members, frozen: false, now: 10_000 }), before);
});

test("a new process gets its share once it has stayed for two beats", () => {
  const first = planned(["a"]);
  const at = (now: number, before: PlacementPlan | undefined) =>
    nextPlan({ before, members: [member("a", now), member("b", now)], frozen: false, now });
  const noticed = at(5_000, first);
  assert.equal(noticed?.owners, first.owners);
  const waiting = at(10_000, noticed);
  assert.is(waiting, noticed);
  const moved = at(15_000, waiting);
  assert.equal(countsOf(moved as PlacementPlan), { a: 3, b: 3 });
});

test("the actors of a process that has gone move at once, and no others", () => {
  const before = planned(["a", "b", "c"]);
  const members = [member("a", 20_000), member("b", 20_000), member("c", 20_000, { beat: 1_000 })];
  const after = nextPlan({ before, members, frozen: false, now: 20_000 });
  assert.equal(countsOf(after as PlacementPlan), { a: 3, b: 3 });
  for (const [queue, id] of Object.entries(before.owners)) if (id !== "c") assert.is(after?.owners[queue], id);
});

test("a shift of the load moves actors only after a minute", () => {
  const before = planned(["a", "b"]);
  const ofA = queues.filter((queue) => before.owners[queue] === "a");
  const loads = Object.fromEntries(ofA.map((queue) => [queue, { load: 1, longestMs: 10 }]));
  let plan: PlacementPlan | undefined = before;
  const changed: number[] = [];
  for (let now = 60_000; now <= 240_000; now += everyMs) {
    const next = nextPlan({
      before: plan,
      members: [member("a", now, { loads }), member("b", now)],
      frozen: false,
      now,
    });
    if (next?.owners !== plan?.owners) changed.push(now);
    plan = next;
  }
  assert.equal(changed, [120_000], "once, a minute after it was seen");
  const busy = ofA.filter((queue) => plan?.owners[queue] === "b").length;
  assert.is(busy, 1);
});

test("a shift that is over within a minute moves nothing", () => {
  const before = planned(["a", "b"]);
  const [queue = ""] = queues.filter((one) => before.owners[one] === "a");
  let plan: PlacementPlan | undefined = before;
  for (let now = 60_000; now <= 600_000; now += everyMs) {
    const isBusy = now % 60_000 < 40_000;
    const loads = isBusy ? { [queue]: { load: 1, longestMs: 10 } } : {};
    plan = nextPlan({ before: plan, members: [member("a", now, { loads }), member("b", now)], frozen: false, now });
    assert.equal(plan?.owners, before.owners);
  }
});

test("a long turn moves away from a time-sensitive actor", () => {
  const actors = Object.fromEntries(queues.map((queue, n) => [queue, n === 0 ? { maxLag: 1_000 } : {}]));
  const members = (now: number, loads: Member["loads"] = {}) => [
    member("a", now, { actors, loads }),
    member("b", now, { actors }),
  ];
  const before = nextPlan({ before: undefined, members: members(0), frozen: false, now: 0 }) as PlacementPlan;
  const sensitive = queues[0] ?? "";
  const owner = before.owners[sensitive];
  const neighbour = queues.find((queue) => queue !== sensitive && before.owners[queue] === owner) ?? "";
  let plan: PlacementPlan | undefined = before;
  for (let now = 60_000; now <= 180_000; now += everyMs)
    plan = nextPlan({
      before: plan,
      members: members(now, { [neighbour]: { load: 0.02, longestMs: 5_000 } }),
      frozen: false,
      now,
    });
  assert.not.equal(plan?.owners[sensitive], plan?.owners[neighbour]);
});

test("a frozen plan moves only the actors of a process that has gone", () => {
  const before = planned(["a", "b"]);
  const three = [member("a", 90_000), member("b", 90_000), member("c", 90_000)];
  assert.is(nextPlan({ before, members: three, frozen: true, now: 90_000 }), before);
  const two = [member("a", 90_000), member("c", 90_000)];
  const after = nextPlan({ before, members: two, frozen: true, now: 90_000 });
  assert.equal(countsOf(after as PlacementPlan), { a: 3, c: 3 });
});

test("a process gets only actors that it has", () => {
  const few = { [queues[0] ?? ""]: {} };
  const members = [member("a", 0), member("old", 0, { actors: few })];
  const plan = nextPlan({ before: undefined, members, frozen: false, now: 0 });
  assert.is(countsOf(plan as PlacementPlan)["a"], 5);
  assert.is(plan?.owners[queues[0] ?? ""], "old");
});

test.run();
