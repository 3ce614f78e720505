import assert from "node:assert/strict";
import { isBeeHiveError } from "../../../base/errors.ts";
import { Event } from "../../../events/event.ts";
import { rejectsWith } from "../assertions.ts";
import type { ContractCase } from "../contract.ts";
import { eventually, patienceMs, within } from "../eventually.ts";
import { actor, Gate, running } from "./harness.ts";

/** Stops, which count as no attempt. */
export const stopping: readonly ContractCase[] = [
  {
    name: "a stop waits for actors and publishes their outputs",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      const gate = new Gate();
      const worker = actor(`${a}-Works`, () => gate.pass().then(() => [new Event(b, "output")]), {
        parallelism: 1,
        publishes: [b],
      });
      const hive = await running(subject, [worker]);
      await hive.push([new Event(a, 1), new Event(a, 2)]);
      await eventually("it works", () => gate.arrived === 1);
      const stopped = hive.stop();
      gate.open();
      await within(patienceMs, "the hive stops", stopped);
      assert.equal(gate.arrived, 1);

      const seen: unknown[] = [];
      await using next = await running(subject, [
        actor(`${a}-Works`, (event, { attempt }) => void seen.push([event.getBody(), attempt])),
      ]);
      await next.whenIdle();
      assert.deepEqual(seen, [[2, 1]], "the event that was not started waits for the next hive, at its first attempt");
    },
  },
  {
    name: "a deadline ends an actor and abandons its event uncounted",
    async run(subject) {
      const topic = subject.newName();
      const gate = new Gate();
      let reason: unknown;
      const worker = actor(`${topic}-Works`, async (_, { signal }) => {
        signal.addEventListener("abort", () => (reason = signal.reason));
        await gate.pass();
        return [new Event(topic, "thrown away")];
      });
      const hive = await running(subject, [worker]);
      await hive.push(new Event(topic, "event"));
      await eventually("it works", () => gate.arrived === 1);
      await within(patienceMs, "the hive stops", hive.stop({ deadline: 100 }));
      assert.ok(isBeeHiveError(reason, "LeaseLost"), String(reason));
      gate.open();

      const seen: unknown[] = [];
      await using next = await running(subject, [
        actor(`${topic}-Works`, (event, { attempt }) => void seen.push([event.getBody(), attempt])),
      ]);
      await eventually("the next hive has it", () => seen.length > 0);
      await next.whenIdle();
      assert.deepEqual(seen, [["event", 1]]);
    },
  },
  {
    name: "a stop ends an endless generator and abandons its event",
    async run(subject) {
      const topic = subject.newName();
      let open = 0;
      let made = 0;
      const endless = actor(`${topic}-Works`, async function* () {
        open++;
        try {
          for (;;) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            made++;
            yield new Event(topic, "thrown away");
          }
        } finally {
          open--;
        }
      });
      const hive = await running(subject, [endless]);
      await hive.push(new Event(topic, "event"));
      await eventually("it works", () => made > 0);
      await within(patienceMs, "the hive stops", hive.stop({ deadline: 50 }));
      await eventually("it is ended", () => open === 0);

      const seen: unknown[] = [];
      await using next = await running(subject, [
        actor(`${topic}-Works`, (event, { attempt }) => void seen.push([event.getBody(), attempt])),
      ]);
      await eventually("the next hive has it", () => seen.length > 0);
      await next.whenIdle();
      assert.deepEqual(seen, [["event", 1]]);
    },
  },
  {
    name: "a waiting hive stops soon and leaves no event leased",
    async run(subject) {
      const topic = subject.newName();
      const hive = await running(subject, [actor(`${topic}-Idle`, () => [])]);
      // Less than the wait of its polls.
      await within(15_000, "the hive stops", hive.stop());
      await hive.stop();
      let seen = 0;
      await using next = await running(subject, [actor(`${topic}-Idle`, (_, { attempt }) => void (seen += attempt))]);
      await next.push(new Event(topic));
      await eventually("the event is delivered", () => seen > 0);
      assert.equal(seen, 1);
    },
  },
  {
    name: "a stopped hive is InvalidState; a given provider stays open",
    async run(subject) {
      const topic = subject.newName();
      const hive = await running(subject, [actor(`${topic}-Done`, () => [])]);
      await rejectsWith("InvalidState", () => hive.start());
      await hive.stop();
      await rejectsWith("InvalidState", () => hive.push(new Event(topic)));
      await rejectsWith("InvalidState", () => hive.start());
      await subject.provider.queues.push([new Event(topic)]);
    },
  },
];
