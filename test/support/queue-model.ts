/** A reference model of a topic with two subscriptions, and random programs that compare a provider with it. */
import fc from "fast-check";
import { Event, QueueName, isBeeHiveError, type Lease, type QueueOperator } from "beehive-actors";
import type { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { deadLetterOf } from "../../src/contract/dead-letter.ts";

export type Op =
  | { readonly do: "push"; readonly events: readonly NewEvent[] }
  | { readonly do: "lease"; readonly sub: number; readonly max: number; readonly by: number }
  | { readonly do: "renew" | "commit" | "abandon" | "deadLetter"; readonly lease: number; readonly size: number }
  | { readonly do: "requeue" | "drop"; readonly sub: number; readonly letter: number }
  | { readonly do: "advance"; readonly ms: number };

interface NewEvent {
  readonly id: number;
  readonly key: "a" | "b" | undefined;
  readonly delayed: boolean;
}

const lease = { virtual: 1_000, real: 600_000 };
const delayMs = 2_000;
/** No sum of these is the length of a lease or a delay, so that no time is on a border. */
const steps = [3, 501, 1_201, 5_003];

const event = fc.record<NewEvent>({
  id: fc.nat(40),
  key: fc.constantFrom("a", "b", undefined),
  delayed: fc.boolean().map((some) => some && true),
});
const sub = fc.nat(1);
const settling = (what: "renew" | "commit" | "abandon" | "deadLetter"): fc.Arbitrary<Op> =>
  fc.record({ do: fc.constant(what), lease: fc.nat(20), size: fc.nat(3) });

export const program: fc.Arbitrary<readonly Op[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("push" as const), events: fc.array(event, { maxLength: 3 }) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("lease" as const),
        sub,
        max: fc.integer({ min: 1, max: 3 }),
        by: fc.nat(1),
      }),
    },
    { weight: 4, arbitrary: settling("commit") },
    { weight: 3, arbitrary: settling("abandon") },
    { weight: 2, arbitrary: settling("deadLetter") },
    { weight: 2, arbitrary: settling("renew") },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("requeue" as const), sub, letter: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), sub, letter: fc.nat(5) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(...steps) }) },
  ),
  { maxLength: 60, size: "max" },
);

/** An event in one subscription, as the model knows it. */
interface Item {
  readonly id: string;
  readonly key: string | undefined;
  /** The place in the order of its key; undefined for an event that was published for later. */
  order: number | undefined;
  state: "waiting" | "leased" | "dead" | "committed" | "dropped";
  /** When it may be leased, or when its lease ends. */
  at: number;
  attempts: number;
  firstSeen: number | undefined;
  /** True while it holds its key: from its first lease on. */
  holds: boolean;
  lease: Lease | undefined;
}

interface Subscription {
  readonly name: QueueName;
  readonly ordered: boolean;
  readonly items: Map<string, Item>;
}

interface Held {
  readonly item: Item;
  readonly lease: Lease;
  readonly queues: QueueOperator;
}

/** Runs one program on consumers of one place, and compares each answer with the model. */
export class Comparison {
  readonly #consumers: readonly QueueOperator[];
  readonly #clock: ManualClock | undefined;
  readonly #leaseMs: number;
  readonly #topic: string;
  readonly #noticeMs: number;
  readonly #subs: readonly Subscription[];
  readonly #leases: Held[] = [];
  readonly #known = new Set<string>();
  #orders = 0;

  /**
   * @param clock The virtual time of the consumers; `undefined` for a server with a clock of its own, where no time
   *   passes in a program: no lease ends, and nothing is delayed.
   * @param noticeMs How long it takes until one consumer sees what another did.
   */
  constructor(topic: string, consumers: readonly QueueOperator[], clock: ManualClock | undefined, noticeMs = 0) {
    this.#noticeMs = noticeMs;
    this.#leaseMs = clock ? lease.virtual : lease.real;
    this.#topic = topic;
    this.#consumers = consumers;
    this.#clock = clock;
    this.#subs = [
      { name: QueueName.parse(`${topic}-Any`), ordered: false, items: new Map() },
      { name: QueueName.parse(`${topic}-Ordered`), ordered: true, items: new Map() },
    ];
  }

  #now(): number {
    return this.#clock?.now() ?? 0;
  }

  async run(ops: readonly Op[]): Promise<void> {
    const [first] = this.#consumers;
    const settings = { leaseMs: this.#leaseMs, maxAttempts: 1_000 };
    await first?.ensure([
      { name: QueueName.parse(`${this.#topic}-`), ordered: false, ...settings },
      ...this.#subs.map(({ name, ordered }) => ({ name, ordered, ...settings })),
    ]);
    for (const op of ops) await this.#do(op);
    await this.#end();
    for (const { name } of this.#subs) await first?.delete(name);
  }

  async #do(op: Op): Promise<void> {
    switch (op.do) {
      case "push":
        return this.#push(op.events);
      case "lease":
        await this.#lease(op.sub, op.max, this.#consumers[op.by % this.#consumers.length] as QueueOperator);
        return;
      case "advance":
        return this.#clock?.advance(op.ms);
      case "requeue":
      case "drop":
        return this.#letter(op.do, op.sub, op.letter);
      default: {
        const held = this.#leases[op.lease % Math.max(1, this.#leases.length)];
        return held && this.#settle(op.do, held, op.size);
      }
    }
  }

  async #push(given: readonly NewEvent[]): Promise<void> {
    const now = this.#now();
    const events = given.map(
      ({ id, key, delayed: later }) =>
        new Event(
          "Happened",
          { id },
          {
            id: `${this.#topic}-event-${id}`,
            queueName: `${this.#topic}-`,
            ...(key !== undefined && { partitionKey: key }),
            ...(later && this.#clock && { enqueueTime: new Date(now + delayMs) }),
          },
        ),
    );
    let repeated = 0;
    for (const { id, partitionKey: key, enqueueTime } of events) {
      if (this.#known.has(id)) repeated++;
      else
        for (const { items } of this.#subs)
          items.set(id, {
            id,
            key,
            order: enqueueTime ? undefined : this.#orders++,
            state: "waiting",
            at: enqueueTime?.getTime() ?? now,
            attempts: 0,
            firstSeen: undefined,
            holds: false,
            lease: undefined,
          });
      this.#known.add(id);
    }
    if (events.length > 0) assert.is(await this.#consumers[0]?.push(events), repeated, "duplicates");
  }

  async #lease(sub: number, max: number, queues: QueueOperator): Promise<number> {
    const { name, ordered, items } = this.#subs[sub] as Subscription;
    if (this.#noticeMs > 0) await this.#clock?.advance(this.#noticeMs);
    const now = this.#now();
    const signal = new AbortController().signal;
    const expected = this.#leasable(items, ordered);
    const leases = await queues.lease(name, { max, leaseMs: this.#leaseMs, waitMs: 0, signal });
    assert.is(leases.length, Math.min(max, expected), `${name}: as many as can be leased`);
    for (const lease of leases) {
      const item = items.get(lease.event.id);
      assert.ok(item, `${name}: ${lease.event.id} is known`);
      if (!item) continue;
      assert.ok(this.#mayBeLeased(item, items, ordered), `${name}: ${item.id} may be leased (${item.state})`);
      item.attempts++;
      item.firstSeen ??= now;
      assert.is(lease.attempt, item.attempts, `${item.id}: attempts`);
      if (this.#clock) assert.is(lease.firstSeen, item.firstSeen, `${item.id}: first seen`);
      Object.assign(item, { state: "leased", at: now + this.#leaseMs, holds: true, lease });
      this.#leases.push({ item, lease, queues });
    }
    return leases.length;
  }

  #isDue({ state, at }: Item): boolean {
    return (state === "waiting" || state === "leased") && at <= this.#now();
  }

  #mayBeLeased(item: Item, items: Map<string, Item>, ordered: boolean): boolean {
    if (!this.#isDue(item)) return false;
    if (!ordered || item.key === undefined || item.holds) return true;
    for (const other of items.values()) {
      if (other === item || other.key !== item.key || !["waiting", "leased"].includes(other.state)) continue;
      if (other.holds) return false;
      if (other.order !== undefined && item.order !== undefined && other.order < item.order) return false;
    }
    return true;
  }

  /** The number of events that can be leased together: of each key in order, one. */
  #leasable(items: Map<string, Item>, ordered: boolean): number {
    const keys = new Set<string>();
    let count = 0;
    for (const item of items.values()) {
      if (!this.#mayBeLeased(item, items, ordered)) continue;
      if (ordered && item.key !== undefined) keys.add(item.key);
      else count++;
    }
    return count + keys.size;
  }

  async #settle(how: "renew" | "commit" | "abandon" | "deadLetter", held: Held, size: number): Promise<void> {
    const { item, lease, queues } = held;
    const now = this.#now();
    const isHeld = item.lease === lease && item.state === "leased" && item.at > now;
    if (how === "renew") {
      assert.equal(await queues.renew([lease], this.#leaseMs), [isHeld], `${item.id}: renewed`);
      if (isHeld) item.at = now + this.#leaseMs;
      return;
    }
    const delay = this.#clock && size % 2 ? delayMs : 0;
    const refused = await settled(() => {
      if (how === "commit") return queues.commit(lease, []);
      if (how === "abandon") return queues.abandon(lease, { delayMs: delay, countAttempt: size < 2 });
      return queues.deadLetter(lease, letterOf(lease, now));
    });
    assert.is(refused, !isHeld, `${item.id}: ${how} of a lease that is ${isHeld ? "held" : "over"}`);
    if (!isHeld) return;
    item.lease = undefined;
    if (how === "commit") item.state = "committed";
    if (how === "deadLetter") item.state = "dead";
    if (how === "abandon") {
      item.state = "waiting";
      item.at = now + delay;
      if (size >= 2) item.attempts--;
    }
  }

  async #letter(how: "requeue" | "drop", sub: number, number: number): Promise<void> {
    const { name, items } = this.#subs[sub] as Subscription;
    const [queues] = this.#consumers;
    const letters: { id: string; event: Event }[] = [];
    for await (const letter of queues?.deadLetters(name) ?? []) letters.push(letter);
    const dead = [...items.values()].filter(({ state }) => state === "dead").map(({ id }) => id);
    assert.equal(letters.map(({ event: { id } }) => id).toSorted(), dead.toSorted(), `${name}: dead letters`);
    const letter = letters[number % Math.max(1, letters.length)];
    const item = letter && items.get(letter.event.id);
    if (!letter || !item) return;
    await queues?.[how](name, letter.id);
    item.state = how === "drop" ? "dropped" : "waiting";
    const anew = { at: this.#now(), attempts: 0, firstSeen: undefined, holds: false, order: this.#orders++ };
    if (how === "requeue") Object.assign(item, anew);
  }

  /** All that is left is delivered, once leases and delays have ended. */
  async #end(): Promise<void> {
    await this.#clock?.advance(this.#leaseMs + delayMs + 1);
    if (!this.#clock) for (const held of this.#leases.splice(0)) await this.#settle("commit", held, 0);
    for (const [index, { name, items }] of this.#subs.entries()) {
      for (;;) {
        if ((await this.#lease(index, 3, this.#consumers[0] as QueueOperator)) === 0) break;
        for (const held of this.#leases.splice(0)) await this.#settle("commit", held, 0);
      }
      const left = [...items.values()].filter(({ state }) => state === "waiting" || state === "leased");
      assert.equal(left, [], `${name}: all is delivered`);
      const dead = [...items.values()].filter(({ state }) => state === "dead").length;
      assert.equal(await this.#consumers[0]?.counts(name), { ready: 0, leased: 0, delayed: 0, dead });
    }
  }
}

/** Returns whether a settlement was refused because the lease is over. */
async function settled(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (isBeeHiveError(error, "LeaseLost")) return true;
    throw error;
  }
}

function letterOf({ event, attempt, firstSeen, queueName }: Lease, now: number): ReturnType<typeof deadLetterOf> {
  const origin = { event, actor: "Model", subscription: String(queueName), attempts: attempt };
  return deadLetterOf(
    { ...origin, firstSeen: new Date(firstSeen), lastSeen: new Date(now) },
    "as the program says",
    new Error("dead"),
  );
}
