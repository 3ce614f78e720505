/** A reference model of a topic with two subscriptions, and random programs that compare a provider with it. */
import fc from "fast-check";
import { Event, QueueName, isBeeHiveError, type Lease, type QueueOperator } from "beehive-actors";
import * as assert from "uvu/assert";
import { deadLetterOf } from "../../src/contract/dead-letter.ts";
import type { JumpingClock } from "./jumping-clock.ts";

export type Op =
  | { readonly do: "push"; readonly events: readonly NewEvent[] }
  | { readonly do: "lease" | "pause"; readonly sub: number; readonly max: number; readonly by: number }
  | { readonly do: "renew" | "commit" | "abandon" | "deadLetter"; readonly lease: number; readonly size: number }
  | { readonly do: "requeue" | "drop"; readonly sub: number; readonly letter: number }
  | { readonly do: "cancel"; readonly which: { readonly id: number } | { readonly key: CancelKey } }
  | { readonly do: "advance" | "jump"; readonly ms: number };

type CancelKey = "x" | "y";

interface NewEvent {
  readonly id: number;
  readonly key: "a" | "b" | undefined;
  readonly delayed: boolean;
  readonly cancelKey: CancelKey | undefined;
}

const lease = { virtual: 1_000, real: 600_000 };
const delayMs = 2_000;
/** No sum of these is the length of a lease or a delay, so that no time is on a border. */
const steps = [3, 501, 1_201, 5_003];
/** Far more than a lease and a delay together. */
const jumps = [10_007, -10_007];

const event = fc.record<NewEvent>({
  id: fc.nat(40),
  key: fc.constantFrom("a", "b", undefined),
  delayed: fc.boolean().map((some) => some && true),
  cancelKey: fc.constantFrom("x", "y", undefined),
});
const sub = fc.nat(1);
const settling = (what: "renew" | "commit" | "abandon" | "deadLetter"): fc.Arbitrary<Op> =>
  fc.record({ do: fc.constant(what), lease: fc.nat(20), size: fc.nat(3) });

const polling = (what: "lease" | "pause"): fc.Arbitrary<Op> =>
  fc.record({ do: fc.constant(what), sub, max: fc.integer({ min: 1, max: 3 }), by: fc.nat(1) });
const waiting = (what: "advance" | "jump", all: readonly number[]): fc.Arbitrary<Op> =>
  fc.record({ do: fc.constant(what), ms: fc.constantFrom(...all) });

export const program: fc.Arbitrary<readonly Op[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("push" as const), events: fc.array(event, { maxLength: 3 }) }),
    },
    { weight: 6, arbitrary: polling("lease") },
    { weight: 1, arbitrary: polling("pause") },
    { weight: 4, arbitrary: settling("commit") },
    { weight: 3, arbitrary: settling("abandon") },
    { weight: 2, arbitrary: settling("deadLetter") },
    { weight: 2, arbitrary: settling("renew") },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("requeue" as const), sub, letter: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), sub, letter: fc.nat(5) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("cancel" as const),
        which: fc.oneof(fc.record({ id: fc.nat(40) }), fc.record({ key: fc.constantFrom<CancelKey>("x", "y") })),
      }),
    },
    { weight: 4, arbitrary: waiting("advance", steps) },
    { weight: 1, arbitrary: waiting("jump", jumps) },
  ),
  { maxLength: 60, size: "max" },
);

/** An event in one subscription, as the model knows it. */
interface Item {
  readonly id: string;
  readonly key: string | undefined;
  readonly cancelKey: string | undefined;
  /** The place in the order of its key; undefined for an event that was published for later. */
  order: number | undefined;
  state: "waiting" | "leased" | "dead" | "committed" | "dropped" | "cancelled";
  /** When it may be leased, or when its lease ends. */
  at: number;
  attempts: number;
  /** `undefined` until its first lease; NaN once the clock was put back, which a provider may correct. */
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
  readonly #clock: JumpingClock | undefined;
  readonly #leaseMs: number;
  readonly #topic: string;
  readonly #noticeMs: number;
  readonly #subs: readonly Subscription[];
  readonly #leases: Held[] = [];
  readonly #known = new Set<string>();
  #orders = 0;
  /** True after a jump forward, until all timers have rung. */
  #ahead = false;

  /**
   * @param clock The virtual time of the consumers; `undefined` for a server with a clock of its own, where no time
   *   passes in a program: no lease ends, and nothing is delayed.
   * @param noticeMs How long it takes until one consumer sees what another did.
   */
  constructor(topic: string, consumers: readonly QueueOperator[], clock: JumpingClock | undefined, noticeMs = 0) {
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
      case "pause":
        return this.#pause(op.sub, op.max, this.#consumers[op.by % this.#consumers.length] as QueueOperator);
      case "cancel":
        return this.#cancel(op.which);
      case "advance":
        return this.#clock?.timers.advance(op.ms);
      case "jump":
        return this.#jump(op.ms);
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
      ({ id, key, delayed: later, cancelKey }) =>
        new Event(
          "Happened",
          { id },
          {
            id: this.#idOf(id),
            queueName: `${this.#topic}-`,
            ...(key !== undefined && { partitionKey: key }),
            ...(cancelKey !== undefined && { cancelKey: this.#cancelKeyOf(cancelKey) }),
            ...(later && this.#clock && { enqueueTime: new Date(now + delayMs) }),
          },
        ),
    );
    let repeated = 0;
    for (const { id, partitionKey: key, cancelKey, enqueueTime } of events) {
      if (this.#known.has(id)) repeated++;
      else
        for (const { items } of this.#subs)
          items.set(id, {
            id,
            key,
            cancelKey,
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
    await this.#notice();
    const { name, ordered, items } = this.#subs[sub] as Subscription;
    const now = this.#now();
    const signal = new AbortController().signal;
    const expected = this.#leasable(items, ordered);
    const leases = await queues.lease(name, { max, leaseMs: this.#leaseMs, waitMs: 0, signal });
    assert.is(leases.length, Math.min(max, expected), `${name}: as many as can be leased`);
    this.#take(sub, leases, queues, now);
    return leases.length;
  }

  /** A poll that a pause ends: what it brings is leased, and nothing else is. */
  async #pause(sub: number, max: number, queues: QueueOperator): Promise<void> {
    await this.#notice();
    const { name, ordered, items } = this.#subs[sub] as Subscription;
    const now = this.#now();
    const pause = new AbortController();
    const expected = this.#leasable(items, ordered);
    const polling = queues.lease(name, { max, leaseMs: this.#leaseMs, waitMs: 20_000, signal: pause.signal });
    pause.abort();
    const leases = await polling;
    assert.ok(leases.length <= Math.min(max, expected), `${name}: no more than can be leased`);
    this.#take(sub, leases, queues, now);
  }

  /** @param due The time by which the events were due. */
  #take(sub: number, leases: readonly Lease[], queues: QueueOperator, due: number): void {
    const { name, ordered, items } = this.#subs[sub] as Subscription;
    const now = this.#now();
    for (const lease of leases) {
      const item = items.get(lease.event.id);
      assert.ok(item, `${name}: ${lease.event.id} is known`);
      if (!item) continue;
      assert.ok(this.#mayBeLeased(item, items, ordered, due), `${name}: ${item.id} may be leased (${item.state})`);
      item.attempts++;
      item.firstSeen = Number.isNaN(item.firstSeen) ? lease.firstSeen : (item.firstSeen ?? now);
      assert.is(lease.attempt, item.attempts, `${item.id}: attempts`);
      if (this.#clock) assert.is(lease.firstSeen, item.firstSeen, `${item.id}: first seen`);
      Object.assign(item, { state: "leased", at: now + this.#leaseMs, holds: true, lease });
      this.#leases.push({ item, lease, queues });
    }
  }

  /** Lets consumers see what others did, and timers ring that a jump has overtaken. */
  async #notice(): Promise<void> {
    if (this.#ahead) await this.#clock?.timers.advance(this.#leaseMs + delayMs + 1);
    this.#ahead = false;
    if (this.#noticeMs > 0) await this.#clock?.timers.advance(this.#noticeMs);
  }

  /**
   * Puts the clock forward or back, which timers do not notice.
   *
   * Forward, leases are over at once, and their events come back with the timers. Back, a poll must not lease what was
   * held or not due; all that was due is so again when the time is made up for.
   */
  async #jump(ms: number): Promise<void> {
    const clock = this.#clock;
    if (!clock) return;
    if (ms > 0) {
      clock.jump(ms);
      this.#ahead = true;
      return;
    }
    await this.#notice();
    const before = this.#now();
    clock.jump(ms);
    for (const { items } of this.#subs)
      for (const item of items.values()) if (item.firstSeen !== undefined) item.firstSeen = NaN;
    const signal = new AbortController().signal;
    for (const [sub, { name }] of this.#subs.entries())
      for (const queues of this.#consumers) {
        const leases = await queues.lease(name, { max: 1, leaseMs: this.#leaseMs, waitMs: 0, signal });
        this.#take(sub, leases, queues, before);
      }
    await clock.timers.advance(this.#leaseMs + delayMs + 1 - ms);
  }

  async #cancel(which: { readonly id: number } | { readonly key: CancelKey }): Promise<void> {
    await this.#notice();
    const choice = "key" in which ? { key: this.#cancelKeyOf(which.key) } : { id: this.#idOf(which.id) };
    const isChosen = ({ id, cancelKey }: Item): boolean =>
      "key" in choice ? cancelKey === choice.key : id === choice.id;
    const now = this.#now();
    const chosen = this.#subs
      .flatMap(({ items }) => [...items.values()])
      .filter((item) => isChosen(item) && (item.state === "waiting" || (item.state === "leased" && item.at <= now)));
    assert.is(await this.#consumers[0]?.cancel?.(choice), chosen.length, `cancelled ${JSON.stringify(choice)}`);
    for (const item of chosen) item.state = "cancelled";
  }

  /** Returns the key of this topic: a cancel reaches all topics. */
  #cancelKeyOf(key: CancelKey): string {
    return `${this.#topic}-${key}`;
  }

  #idOf(number: number): string {
    return `${this.#topic}-event-${number}`;
  }

  #mayBeLeased(item: Item, items: Map<string, Item>, ordered: boolean, now: number): boolean {
    if (!["waiting", "leased"].includes(item.state) || item.at > now) return false;
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
      if (!this.#mayBeLeased(item, items, ordered, this.#now())) continue;
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
    await this.#clock?.timers.advance(this.#leaseMs + delayMs + 1);
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
