import * as assert from "uvu/assert";
import { messageOf } from "../../../src/base/error-text.ts";
import { Callers } from "../../../src/provider-kit/callers.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Callers");

function scene(mayLeave?: () => boolean) {
  const clock = new ManualClock(0);
  const callers = new Callers<string, number>(clock, mayLeave);
  const abort = new AbortController();
  const wait = (wanted: string, waitMs = 100): Promise<number[]> => callers.wait(wanted, waitMs, abort.signal);
  return { clock, callers, abort, wait };
}

test("callers are served in the order of their calls", async () => {
  const { clock, callers, wait } = scene();
  const results = [wait("a", 300), wait("b", 100), wait("c", 200)];
  assert.equal(
    [...callers].map(({ wanted, endsAt }) => [wanted, endsAt]),
    [
      ["a", 300],
      ["b", 100],
      ["c", 200],
    ],
  );
  const [first, second] = callers;
  first?.resolve([1]);
  second?.reject(new Error("failed"));
  assert.equal([await results[0], await results[1]?.catch(messageOf)], [[1], "failed"]);
  assert.equal([callers.size, clock.pending], [1, 1]);
  callers.close();
  assert.equal(await results[2], []);
  assert.equal([callers.size, clock.pending], [0, 0]);
});

test("a caller leaves without results at its end or on an abort", async () => {
  const { clock, callers, abort, wait } = scene();
  const [early, late] = [wait("early"), wait("late", 200)];
  await clock.advance(100);
  assert.equal([await early, callers.size], [[], 1]);
  abort.abort();
  assert.equal([await late, callers.size, clock.pending], [[], 0, 0]);
});

test("callers that may not leave stay until their waits are ended", async () => {
  const { clock, callers, wait } = scene(() => false);
  const [over, going] = [wait("over"), wait("going", 200)];
  await clock.advance(150);
  assert.is(callers.size, 2);
  callers.endWaits();
  assert.equal([await over, callers.size], [[], 1]);
  callers.close();
  await going;
});

test.run();
