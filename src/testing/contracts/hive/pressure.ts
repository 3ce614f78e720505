import assert from "node:assert/strict";
import { isBeeHiveError } from "../../../base/errors.ts";
import { silentLogger } from "../../../base/logger.ts";
import { Event } from "../../../events/event.ts";
import { createHive, type Hive } from "../../../hive/hive.ts";
import type { ContractCase, ContractSubject } from "../contract.ts";
import { eventually, quietMs, wait } from "../eventually.ts";
import { actor, running } from "./harness.ts";

/** Returns a hive whose actor takes the events of a topic once it is started. */
async function consumer({ provider }: ContractSubject, topic: string): Promise<Hive> {
  const hive = await createHive({ actors: actor(`${topic}-Slow`, () => {}), provider, logger: silentLogger });
  await hive.setup();
  return hive;
}

/** Work that waits, or is refused, while a queue is full. */
export const pressure: readonly ContractCase[] = [
  {
    name: "an actor takes nothing while the queue downstream is full",
    async run(subject) {
      const [topic, out] = [subject.newName(), subject.newName()];
      await using slow = await consumer(subject, out);
      await slow.push(Array.from({ length: 5 }, (_, n) => new Event(out, n)));
      let taken = 0;
      const work = actor(`${topic}-Works`, () => void taken++, {
        publishes: [out],
        holdWhen: { queue: `${out}-Slow`, above: 5 },
      });
      await using hive = await running(subject, work);
      await hive.push([1, 2, 3].map((n) => new Event(topic, n)));
      await wait(4 * quietMs);
      assert.equal(taken, 0, "nothing is taken");
      assert.equal((await hive.health()).detail.actors[0]?.paused?.by, "back-pressure");
      await slow.start();
      await eventually("the events are taken once there is room", () => taken === 3);
    },
  },
  {
    name: "a push to a full queue is refused whole until there is room",
    async run(subject) {
      const topic = subject.newName();
      await using slow = await consumer(subject, topic);
      const { provider } = subject;
      const limits = [{ queue: `${topic}-Slow`, above: 3 }];
      await using hive = await createHive({ provider, limits, publishes: [topic], logger: silentLogger });
      const refused = async (n: number): Promise<boolean> => {
        try {
          await hive.push([new Event(topic, n), new Event(topic, n)]);
          return false;
        } catch (error) {
          if (isBeeHiveError(error, "Overloaded")) return true;
          throw error;
        }
      };
      assert.deepEqual([await refused(1), await refused(2), await refused(3)], [false, false, true]);
      await eventually("four events wait", async () => (await slow.queue(`${topic}-Slow`).counts()).ready === 4);
      await slow.start();
      await eventually("there is room", async () => !(await refused(4)));
    },
  },
];
