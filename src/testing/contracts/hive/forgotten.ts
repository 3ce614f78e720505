import assert from "node:assert/strict";
import { actor as functionActor } from "../../../actors/injection/function-actor.ts";
import {
  collectionStore,
  counterStore,
  keyedListStore,
  keyValueStore,
  lockStore,
} from "../../../actors/injection/tokens.ts";
import { silentLogger, type Logger } from "../../../base/logger.ts";
import type {
  CollectionStore,
  CounterStore,
  Identified,
  KeyedListStore,
  KeyValueStore,
  LockStore,
} from "../../../contract/stores.ts";
import { eventType } from "../../../events/event-type.ts";
import { Event } from "../../../events/event.ts";
import { listOf } from "../assertions.ts";
import type { ContractCase, ContractSubject } from "../contract.ts";
import { eventually, wait } from "../eventually.ts";
import { actor, running } from "./harness.ts";

interface UsedStores {
  readonly items: CollectionStore<Identified>;
  readonly lists: KeyedListStore<Identified>;
  readonly blobs: KeyValueStore;
  readonly counters: CounterStore;
  readonly locks: LockStore;
}

type Call = (stores: UsedStores) => Promise<unknown>;

/** Calls that fail once {@link prepared} has run. */
const failing = {
  Collection: ({ items }) => items.insert({ id: "1" }),
  KeyedList: ({ lists }) => lists.insert("List", "k", { id: "1" }),
  KeyValue: ({ blobs }) => blobs.delete("missing"),
  Counter: ({ counters }) => counters.increment("Stock", "none", -1, { min: 0 }),
  Lock: ({ locks }) => locks.tryLock(""),
} satisfies Readonly<Record<string, Call>>;

/** Returns the tokens of stores in which the failing calls fail. */
async function prepared({ provider, newName }: ContractSubject) {
  const name = newName();
  await provider.stores.collection(name).insert({ id: "1" });
  await provider.stores.keyedList(name).insert("List", "k", { id: "1" });
  return {
    items: collectionStore<Identified>(name),
    lists: keyedListStore<Identified>(name),
    blobs: keyValueStore(name),
    counters: counterStore,
    locks: lockStore,
  };
}

/** A logger that keeps the errors of its lines. */
function noting(): { readonly logger: Logger; readonly errors: unknown[] } {
  const errors: unknown[] = [];
  const error = (fields: { readonly err?: unknown }): void => void errors.push(fields.err);
  return { logger: { ...silentLogger, error }, errors };
}

/** Calls of stores that no actor awaits. A rejection that no one handles would end the process. */
export const forgotten: readonly ContractCase[] = [
  {
    name: "a failed store call that no one awaits dead-letters its event",
    async run(subject) {
      const [topic, uses] = [subject.newName(), await prepared(subject)];
      const type = eventType(topic);
      const actors = Object.entries(failing).flatMap(([of, call]) => [
        functionActor(`${topic}-${of}`, type, { uses }, (stores) => void call(stores)),
        functionActor(`${topic}-${of}Later`, type, { uses }, async (stores) => {
          void call(stores);
          await wait(50);
        }),
      ]);
      const batch = functionActor(`${topic}-Batch`, type, { uses, batch: { interval: 1 } }, (stores) => {
        void failing.Collection(stores);
      });
      let worked = false;
      await using hive = await running(subject, [
        ...actors,
        batch,
        actor(`${topic}-Works`, () => void (worked = true)),
      ]);
      await hive.push(type.create({}));
      const names = ["Batch", ...Object.keys(failing).flatMap((of) => [of, `${of}Later`])];
      for (const queueName of names.map((of) => `${topic}-${of}`)) {
        const letter = await eventually(
          `a dead letter on ${queueName}`,
          async () => (await listOf(hive.queue(queueName).deadLetters()))[0],
        );
        assert.deepEqual([letter.errorName, letter.attempts], ["InvalidState", 1], queueName);
        assert.match(letter.reason, /Await every call/);
      }
      await eventually("the other actor worked", () => worked);
    },
  },
  {
    name: "a store error that an actor handles does not fail its step",
    async run(subject) {
      const [topic, uses] = [subject.newName(), await prepared(subject)];
      const type = eventType(topic);
      const codes: unknown[] = [];
      const note = (error: { readonly code?: unknown }): void => void codes.push(error.code);
      const handles = functionActor(`${topic}-Handles`, type, { uses }, async ({ items }) => {
        const insert = (): Promise<unknown> => items.insert({ id: "1" });
        const passing = async (): Promise<unknown> => insert();
        try {
          await insert();
        } catch (error) {
          note(error as object);
        }
        await insert().catch(note);
        await passing().then(undefined, note);
        await Promise.all([insert(), insert()]).catch(note);
        for (const one of await Promise.allSettled([insert(), wait(1)]))
          if (one.status === "rejected") note(one.reason);
        const late = insert();
        await wait(50);
        await late.finally(() => {}).catch(note);
      });
      await using hive = await running(subject, [handles]);
      await hive.push(type.create({}));
      await hive.whenIdle();
      assert.deepEqual(codes, Array(6).fill("AlreadyExists"));
      assert.equal((await hive.queue(`${topic}-Handles`).counts()).dead, 0);
    },
  },
  {
    name: "a store call that fails after its step is logged",
    async run(subject) {
      const [topic, uses] = [subject.newName(), await prepared(subject)];
      const type = eventType(topic);
      const { logger, errors } = noting();
      let done = false;
      const late = functionActor(`${topic}-Late`, type, { uses }, (stores) => {
        setTimeout(() => {
          for (const call of Object.values(failing)) void call(stores);
          done = true;
        }, 100);
      });
      await using hive = await running(subject, [late], { logger });
      await hive.push(type.create({}));
      await hive.whenIdle();
      await eventually("all calls have failed", () => done && errors.length === Object.keys(failing).length);
      assert.equal((await hive.queue(`${topic}-Late`).counts()).dead, 0);
    },
  },
  {
    name: "a failed call of context.stores that no one awaits is logged",
    async run(subject) {
      const topic = subject.newName();
      const { logger, errors } = noting();
      const direct = actor(`${topic}-Direct`, (_, { stores }) => void stores.collection(topic).get("missing"));
      await using hive = await running(subject, [direct], { logger });
      await hive.push(new Event(topic));
      await eventually("the call has failed", () => errors.length === 1);
      await hive.whenIdle();
      assert.equal((errors[0] as { readonly code?: unknown }).code, "NotFound");
      assert.equal((await hive.queue(`${topic}-Direct`).counts()).dead, 0);
    },
  },
];
