import assert from "node:assert/strict";
import { isBeeHiveError } from "../../../base/errors.ts";
import { silentLogger } from "../../../base/logger.ts";
import type { Lease } from "../../../contract/queue-operator.ts";
import { Event } from "../../../events/event.ts";
import { createHive, type Hive } from "../../../hive/hive.ts";
import { Operator } from "../../../hive/operator.ts";
import { pulse } from "../../../actors/pulses/pulser.ts";
import type { ContractCase, ContractSubject } from "../contract.ts";
import { eventually, quietMs, wait } from "../eventually.ts";
import { actor, Gate, running } from "./harness.ts";

/** Short looks, so that cases end soon. */
const controls = { interval: 100, version: "shop 1.4.2" };
const by = "ada";
const reason = "the bank is down";

/** Operators: pauses, settings, processes at work. */
export const operating: readonly ContractCase[] = [
  {
    name: "a paused subscription leases nothing, and goes on when it is resumed",
    async run(subject) {
      const topic = subject.newName();
      const gate = new Gate();
      const seen: number[] = [];
      const works = actor(`${topic}-Works`, async (event) => {
        if (event.getBody<number>() === 1) await gate.pass();
        seen.push(event.getBody<number>());
      });
      await using hive = await running(subject, [works], { controls });
      await hive.push(new Event(topic, 1));
      await eventually("the first event is in work", () => gate.arrived === 1);
      const queue = hive.queue(`${topic}-Works`);
      await queue.pause({ reason, by });
      await hive.push(new Event(topic, 2));
      gate.open();
      await eventually("the event in work is finished", () => seen.length === 1);
      await wait(quietMs);
      assert.deepEqual(seen, [1]);
      const { pause } = await queue.operated();
      assert.deepEqual([pause?.reason, pause?.by, pause?.until], [reason, by, undefined]);
      await queue.resume({ by });
      await eventually("the second event", () => seen.length === 2);
      assert.equal((await queue.operated()).pause, undefined);
    },
  },
  {
    name: "a pause holds for hives that start later, and ends at its time",
    async run(subject) {
      const topic = subject.newName();
      const name = `${topic}-Works`;
      let seen = 0;
      const works = actor(name, () => void seen++);
      await (await running(subject, [works], { controls })).stop();
      const until = new Date(Date.now() + Math.max(2_000, 2 * subject.leaseMs));
      await new Operator(subject.provider).queue(name).pause({ reason, by, until });
      await using hive = await running(subject, [works], { controls });
      await hive.push(new Event(topic));
      await wait(quietMs);
      assert.equal(seen, 0);
      const { detail } = await hive.health({ askProvider: false });
      assert.deepEqual(detail.actors[0]?.paused?.operator, by);
      await eventually("the end of the pause", () => seen === 1);
      assert.ok(Date.now() >= until.getTime(), "it went on too early");
    },
  },
  {
    name: "a lease from a host goes back without an attempt while paused",
    async run(subject) {
      const topic = subject.newName();
      const name = `${topic}-Works`;
      const attempts: number[] = [];
      const works = actor(name, (_, { attempt }) => void attempts.push(attempt));
      await using hive = await running(subject, [], { controls });
      await using host = await hostOf(subject, works);
      const { queueName } = host.descriptors[0] ?? {};
      assert.ok(queueName);
      const queue = host.queue(name);
      // The pause ends soon, so that the event is not delayed for long.
      await queue.pause({ reason, by, until: new Date(Date.now() + subject.leaseMs) });
      await hive.push(new Event(topic));
      const lease = async (): Promise<Lease | undefined> =>
        (
          await subject.provider.queues.lease(queueName, {
            max: 1,
            leaseMs: 30_000,
            waitMs: 1_000,
            signal: new AbortController().signal,
          })
        )[0];
      const first = await eventually("a lease", lease);
      assert.equal(await host.deliver(first), "abandoned");
      const second = await eventually("the event again", lease);
      assert.equal(await host.deliver(second), "committed");
      assert.deepEqual(attempts, [1]);
    },
  },
  {
    name: "an operator changes the parallelism while the hive works",
    async run(subject) {
      const topic = subject.newName();
      const gate = new Gate();
      const works = actor(`${topic}-Works`, () => gate.pass(), { parallelism: 1 });
      await using hive = await running(subject, [works], { controls });
      await hive.push([1, 2, 3].map((body) => new Event(topic, body)));
      await eventually("the first event is in work", () => gate.arrived === 1);
      await hive.queue(`${topic}-Works`).set({ parallelism: 3, by });
      await eventually("three events are in work", () => gate.arrived === 3);
      assert.match(hive.describe(), /parallelism +3 +\(operator ada\)/);
      gate.open();
      await hive.whenIdle();
      await hive.queue(`${topic}-Works`).set({ parallelism: "default", by });
      assert.match(hive.describe(), /parallelism +1 +\(decorator\)/);
    },
  },
  {
    name: "each process at work is listed until it stops",
    async run(subject) {
      const topic = subject.newName();
      const name = `${topic}-Works`;
      const pulser = pulse(`${topic}Pulse`, { every: "1h" });
      const works = actor(name, () => {});
      const read = async (): Promise<readonly string[]> =>
        (await new Operator(subject.provider).hives()).flatMap(({ subscriptions }) =>
          subscriptions.filter(({ queue }) => queue === name).map(({ queue }) => queue),
        );
      const hives = [
        await running(subject, [works], { controls, pulsers: [pulser] }),
        await running(subject, [works], { controls }),
      ] as const;
      assert.deepEqual(await read(), [name, name]);
      const own = (await hives[0].hives()).find(({ pulsers }) => pulsers.some((one) => one.name === pulser.name));
      assert.deepEqual([own?.pid, own?.appVersion, own?.subscriptions[0]?.queue], [process.pid, "shop 1.4.2", name]);
      const [scheduled] = (await hives[1].operator.schedules()).filter(({ pulser: one }) => one === pulser.name);
      assert.deepEqual([scheduled?.schedule, scheduled?.hives], ["every 1h", 1]);
      assert.ok((scheduled?.next?.getTime() ?? 0) > Date.now() - 3_600_000);
      await hives[1].stop();
      assert.deepEqual(await read(), [name]);
      await hives[0].stop();
      assert.deepEqual(await read(), []);
    },
  },
  {
    name: "each act of an operator is recorded with its name",
    async run(subject) {
      const name = `${subject.newName()}-Works`;
      await using hive = await running(subject, [actor(name, () => {})], { controls });
      const queue = hive.queue(name);
      await queue.pause({ reason, by });
      await queue.resume({ by: "bob" });
      await queue.resume({ by: "eve" });
      const acts: unknown[] = [];
      for await (const { act, on, by: who, detail } of hive.operator.acts())
        if (on === name) acts.push([act, who, detail]);
      // Nothing was paused any more when eve came.
      assert.deepEqual(acts, [
        ["resume", "bob", undefined],
        ["pause", by, reason],
      ]);
    },
  },
  {
    name: "the pause of an unknown subscription is refused",
    async run(subject) {
      const topic = subject.newName();
      await using hive = await running(subject, [actor(`${topic}-Works`, () => {})], { controls });
      const error: unknown = await hive
        .queue(`${topic}-Work`)
        .pause({ reason, by })
        .catch((thrown: unknown) => thrown);
      assert.ok(isBeeHiveError(error, "QueueNotFound"), String(error));
      assert.match(error.message, new RegExp(`Is it ${topic}-Works`));
    },
  },
];

/** Returns a hive that runs nothing by itself, as in a function of a cloud. */
async function hostOf(subject: ContractSubject, works: Parameters<typeof running>[1]): Promise<Hive> {
  const hive = await createHive({ actors: works, provider: subject.provider, logger: silentLogger, controls });
  await hive.setup();
  return hive;
}
