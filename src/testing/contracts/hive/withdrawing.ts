import assert from "node:assert/strict";
import type { Outcome } from "../../../actors/outcome.ts";
import { Event } from "../../../events/event.ts";
import { needs, type ContractCase } from "../contract.ts";
import { eventually, wait } from "../eventually.ts";
import { actor, running } from "./harness.ts";

const later = (): Date => new Date(Date.now() + 600_000);

/** Events that are of no use any more: expired, or cancelled. */
export const withdrawing: readonly ContractCase[] = [
  {
    name: "an event that expired is dropped, with the outcome expired",
    async run(subject) {
      const a = subject.newName();
      const outcomes: [body: number, outcome: Outcome][] = [];
      const ran: number[] = [];
      const onDelivery = ({ event, outcome }: { readonly event: Event; readonly outcome: Outcome }): void =>
        void outcomes.push([event.getBody<number>(), outcome]);
      await using hive = await running(
        subject,
        actor(`${a}-First`, (event) => void ran.push(event.getBody<number>())),
        {
          onDelivery,
        },
      );
      await hive.push([
        new Event(a, 1, { expires: new Date(Date.now() - 1) }),
        new Event(a, 2, { expires: "1h" }),
        new Event(a, 3),
      ]);
      await eventually("three deliveries", () => outcomes.length === 3);
      assert.deepEqual(
        ran.sort((one, other) => one - other),
        [2, 3],
      );
      assert.deepEqual(
        outcomes.toSorted(([one], [other]) => one - other),
        [
          [1, "expired"],
          [2, "committed"],
          [3, "committed"],
        ],
      );
    },
  },
  needs("cancel", {
    name: "an actor cancels what another waits for",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      let reminded = 0;
      await using hive = await running(subject, [
        actor(`${a}-First`, (_event, context) => context.cancel(`reminder ${a}`)),
        actor(b, () => void reminded++),
      ]);
      const soon = new Date(Date.now() + 1_500);
      await hive.push(new Event(b, "remind", { queueName: b, enqueueTime: soon, cancelKey: `reminder ${a}` }));
      await hive.push(new Event(a));
      await wait(3_000);
      assert.equal(reminded, 0);
    },
  }),
  needs("cancel", {
    name: "hive.cancel returns how many events it cancelled",
    async run(subject) {
      const a = subject.newName();
      await using hive = await running(
        subject,
        actor(a, () => {}),
      );
      await hive.push([1, 2].map((n) => new Event(a, n, { queueName: a, enqueueTime: later(), cancelKey: a })));
      assert.equal(await hive.cancel({ key: a }), 2);
      assert.equal(await hive.cancel({ key: a }), 0);
    },
  }),
];
