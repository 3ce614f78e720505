import assert from "node:assert/strict";
import { silentLogger } from "../../../base/logger.ts";
import { Event } from "../../../events/event.ts";
import { createHive } from "../../../hive/hive.ts";
import { rejectsWith } from "../assertions.ts";
import { needs, type ContractCase } from "../contract.ts";
import { eventually, quietMs, wait } from "../eventually.ts";
import { actor, Gate, running } from "./harness.ts";

/** Hives without actors, such as in a web server. */
export const publishing: readonly ContractCase[] = [
  {
    name: "a hive without actors publishes",
    async run(subject) {
      const topic = subject.newName();
      const seen: unknown[] = [];
      await using reader = await running(subject, [
        actor(`${topic}-Reads`, (event) => void seen.push(event.getBody())),
      ]);
      await using publisher = await running(subject, undefined, { topology: "check", publishes: [topic] });
      await publisher.push(new Event(topic, "event"));
      await publisher.whenIdle();
      await reader.whenIdle();
      assert.deepEqual(seen, ["event"]);
      assert.equal((await publisher.health()).ready, true);
    },
  },
  {
    name: "the start of a publisher makes its topics and queues",
    async run(subject) {
      const [topic, queue] = [subject.newName(), subject.newName()];
      await using publisher = await running(subject, [], { publishes: [topic, `${queue}-${queue}`] });
      await publisher.push([new Event(topic, "dropped"), new Event(queue, "kept", { queueName: queue })]);
      assert.equal((await publisher.queue(queue).counts()).ready, 1);
      await publisher.stop();
      await rejectsWith("InvalidState", () => publisher.push(new Event(topic)));
    },
  },
  needs("ordering", {
    name: "a publisher leaves the order of a queue and of a topic as it is",
    async run(subject) {
      const [topic, queue] = [subject.newName(), subject.newName()];
      const seen = new Map<string, unknown[]>([topic, queue].map((name) => [name, []]));
      const gate = new Gate();
      const note = async (event: Event): Promise<void> => {
        if (event.getBody() === 1) await gate.pass();
        seen.get(event.eventType)?.push(event.getBody());
      };
      const ordered = { ordered: true };
      await using _ = await running(subject, [actor(`${topic}-Reads`, note, ordered), actor(queue, note, ordered)]);
      await using publisher = await running(subject, [], { publishes: [topic, `${queue}-${queue}`] });
      for (const body of [1, 2])
        for (const options of [{ queueName: `${topic}-` }, { queueName: queue }]) {
          const eventType = options.queueName === queue ? queue : topic;
          await publisher.push(new Event(eventType, body, { ...options, partitionKey: "key" }));
        }
      await eventually("the first of each is leased", () => gate.arrived === 2);
      await wait(quietMs);
      gate.open();
      await eventually("all have arrived", () => [...seen.values()].every(({ length }) => length === 2));
      assert.deepEqual(
        [...seen.values()],
        [
          [1, 2],
          [1, 2],
        ],
      );
    },
  }),
  {
    name: "a push to a missing topic is QueueNotFound",
    async run(subject) {
      const { provider } = subject;
      const topic = subject.newName();
      await using publisher = await createHive({ provider, logger: silentLogger });
      await publisher.start();
      const { message } = await rejectsWith("QueueNotFound", () => publisher.push(new Event(topic)));
      assert.match(message, new RegExp(`${topic}-.*publishes`));
    },
  },
  {
    name: "a hive that only checks does not start without its topics",
    async run(subject) {
      const { provider } = subject;
      const topic = subject.newName();
      await using publisher = await createHive({
        provider,
        logger: silentLogger,
        topology: "check",
        publishes: [topic],
      });
      const { message } = await rejectsWith("QueueNotFound", () => publisher.start());
      assert.ok(message.includes(`${topic}-`), message);
    },
  },
];
