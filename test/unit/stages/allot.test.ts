import * as assert from "uvu/assert";
import { chance } from "../../../src/base/chance.ts";
import { allot, conflictsOf, loadsOf, type Allotment, type Work } from "../../../src/stages/allot.ts";
import { propose } from "../../../src/stages/propose.ts";
import { suite } from "../../support/suite.ts";

const test = suite("work allotted to stages");

function randomNumbers(seed: number): () => number {
  let use = 0;
  return () => chance(seed, use++);
}

const stages = (count: number): string[] => Array.from({ length: count }, (_, n) => `s${n}`);
const one = (key: string, load: number, longestMs = 0, maxLag?: number): Work => ({ key, load, longestMs, maxLag });

function randomWork(random: () => number, count: number): Work[] {
  return Array.from({ length: count }, (_, n) => {
    const isSensitive = random() < 0.3;
    return isSensitive
      ? one(`w${n}`, random() * 0.1, random() * 100, 500 + random() * 2_000)
      : one(`w${n}`, random(), random() ** 3 * 10_000);
  });
}

/** Returns the fewest conflicts of all allotments. */
function fewestConflicts(work: readonly Work[], count: number): number {
  let fewest = Infinity;
  for (let code = 0; code < count ** work.length; code++) {
    const allotment: Allotment = new Map(
      work.map(({ key }, n) => [key, `s${Math.floor(code / count ** n) % count}`] as const),
    );
    fewest = Math.min(fewest, conflictsOf(work, allotment).length);
  }
  return fewest;
}

test("no time limit is broken where an allotment can keep them all", () => {
  const random = randomNumbers(7);
  for (let round = 0; round < 40; round++) {
    const work = randomWork(random, 6);
    const allotment = allot({ work, stages: stages(3) });
    assert.is(allotment.size, work.length);
    const found = conflictsOf(work, allotment).length;
    const fewest = fewestConflicts(work, 3);
    assert.ok(fewest > 0 || found === 0, `round ${round}: ${found} conflicts, none needed`);
  }
});

test("loads without time limits are within a tenth of even", () => {
  const random = randomNumbers(3);
  const work = Array.from({ length: 60 }, (_, n) => one(`w${n}`, random()));
  const loads = loadsOf(work, stages(5), allot({ work, stages: stages(5) }));
  assert.ok(Math.max(...loads) < 1.1 * Math.min(...loads), loads.join(" "));
});

test("an even allotment is left as it is", () => {
  const random = randomNumbers(5);
  const work = randomWork(random, 30);
  const before = allot({ work, stages: stages(4) });
  const slightly = work.map((each) => ({ ...each, load: each.load * (0.97 + random() * 0.06) }));
  assert.equal(allot({ work: slightly, stages: stages(4), before }), before);
});

test("a new stage gets its share, and nothing else moves", () => {
  const work = Array.from({ length: 12 }, (_, n) => one(`w${String(n).padStart(2, "0")}`, 1));
  const before = allot({ work, stages: stages(2) });
  const after = allot({ work, stages: stages(3), before });
  const moved = work.filter(({ key }) => after.get(key) !== before.get(key));
  assert.is(moved.length, 4);
  assert.ok(moved.every(({ key }) => after.get(key) === "s2"));
});

test("work goes only where it fits", () => {
  const work = [one("a", 1), one("b", 1), one("c", 1)];
  const fits = (key: string, stage: string): boolean => key !== "a" || stage === "s1";
  const allotment = allot({ work, stages: stages(2), fits });
  assert.is(allotment.get("a"), "s1");
  assert.is(allot({ work, stages: stages(1), fits }).get("a"), undefined);
});

test("a proposal says which limits it promises, keeps and breaks", () => {
  const work = [one("quick", 0.1, 50, 1_000), one("steady", 0.1, 400), one("other", 0.1, 500), one("slow", 0.3, 9_000)];
  const two = propose({ work, stages: stages(2) });
  assert.equal(
    two.limits.map(({ key, state, roundMs }) => [key, state, roundMs <= 1_000]),
    [["quick", "promised", true]],
  );
  assert.is(two.conflicts.length, 0);
  const single = propose({ work, stages: stages(1) });
  assert.equal(
    single.limits.map(({ state }) => state),
    ["broken"],
  );
  assert.equal(
    single.conflicts.map(({ long }) => long.key),
    ["slow"],
  );
});

test("a proposal names each move from the present stages", () => {
  const work = [one("quick", 0.1, 50, 1_000), one("slow", 0.1, 9_000), one("other", 0.1, 10)];
  const before = new Map(work.map(({ key }) => [key, "s0"]));
  const { moves, allotment } = propose({ work, stages: stages(2), before });
  assert.not.equal(allotment.get("quick"), allotment.get("slow"));
  assert.ok(moves.length >= 1 && moves.every(({ from, to }) => from === "s0" && to === "s1"));
});

test.run();
