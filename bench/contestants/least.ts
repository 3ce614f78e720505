/**
 * The smallest loop with the promises of a hive in memory: topics with subscriptions, leases that are renewed and
 * that expire, outputs that commit with their input or not at all, retries after growing delays, dead letters, ids that
 * derive from the input, dropped duplicates, a journal, isolated bodies. It has no injection, middleware,
 * supervision, telemetry, ordering, stores or providers, so the ratio to it is their cost.
 */
import { createHash, randomUUID } from "node:crypto";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

const leaseMs = 30_000;
const maxAttempts = 5;
const firstDelayMs = 1_000;
/** Span for which duplicates of pushed events are known; at most twice as long. */
const rememberedMs = 300_000;
const journalEntries = 2_000;
/** Events after which timers and the network get a turn. */
const maxTurn = 256;
/** Length of a queue beyond which its read part is removed. */
const cutAt = 1_024;

/** Origin of an output. Its id is computed when it is read. */
interface Origin {
  readonly input: Message;
  readonly subscription: string;
  readonly ordinal: number;
}

class Message {
  readonly type: string;
  readonly text: string;
  readonly madeAt = Date.now();
  readonly #origin: Origin | undefined;
  #id: string | undefined;

  constructor(type: string, body: unknown, origin: Origin | undefined) {
    this.type = type;
    this.text = JSON.stringify(body);
    this.#origin = origin;
    this.#id = origin ? undefined : randomUUID();
  }

  get id(): string {
    return (this.#id ??= idFrom(this.#origin as Origin, this));
  }
}

function idFrom({ input, subscription, ordinal }: Origin, { type, text }: Message): string {
  return createHash("sha256")
    .update(JSON.stringify([input.id, subscription, type, text, ordinal]))
    .digest("base64url");
}

/** A message in one subscription. */
class Entry {
  readonly message: Message;
  attempt = 0;
  firstSeen = 0;

  constructor(message: Message) {
    this.message = message;
  }
}

class Lease {
  readonly entry: Entry;
  readonly attempt: number;
  endsAt: number;

  constructor(entry: Entry, now: number) {
    this.entry = entry;
    this.attempt = ++entry.attempt;
    entry.firstSeen ||= now;
    this.endsAt = now + leaseMs;
  }
}

/** An output: a type and a body. */
type Output = readonly [type: string, body: unknown];
interface Actor {
  process(body: Body, lease: Lease): Promise<readonly Output[]>;
}

interface Noted {
  readonly subscription: string;
  readonly entry: Entry;
  readonly attempt: number;
  readonly startedAt: number;
  readonly tookMs: number;
  readonly outcome: "committed" | "retried" | "dead-lettered" | "lease-lost";
  readonly outputs: readonly Message[];
}

const none: readonly Message[] = [];

/** Topics, duplicates and the journal. */
class Bus {
  readonly #topics = new Map<string, Subscription[]>();
  #recent = new Set<string>();
  #older = new Set<string>();
  #turnedAt = Date.now();
  readonly #journal: Noted[] = [];
  #noted = 0;

  add(topic: string, subscription: Subscription): void {
    this.#topics.set(topic, [...(this.#topics.get(topic) ?? []), subscription]);
  }

  /** Drops repeated messages from outside; outputs are never repeated, because their lease was held. */
  push(message: Message): void {
    this.#forget();
    if (this.#recent.has(message.id) || this.#older.has(message.id)) return;
    const subscriptions = this.readersOf(message);
    this.#recent.add(message.id);
    for (const subscription of subscriptions) subscription.add(new Entry(message));
  }

  readersOf({ type }: Message): readonly Subscription[] {
    const subscriptions = this.#topics.get(type);
    if (!subscriptions) throw new Error(`there is no topic ${type}`);
    return subscriptions;
  }

  note(noted: Noted): void {
    this.#journal[this.#noted++ % journalEntries] = noted;
  }

  start(): void {
    for (const subscriptions of this.#topics.values()) for (const subscription of subscriptions) subscription.start();
  }

  stop(): void {
    for (const subscriptions of this.#topics.values()) for (const subscription of subscriptions) subscription.stop();
  }

  #forget(): void {
    if (Date.now() - this.#turnedAt < rememberedMs) return;
    this.#turnedAt = Date.now();
    this.#older = this.#recent;
    this.#recent = new Set();
  }
}

class Subscription {
  readonly #name: string;
  readonly #bus: Bus;
  readonly #make: new () => Actor;
  readonly #slots: number;
  readonly #leases = new Set<Lease>();
  readonly #dead: { readonly entry: Entry; readonly reason: string }[] = [];
  #ready: Entry[] = [];
  #read = 0;
  #turn = 0;
  #waking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, bus: Bus, make: new () => Actor, slots: number) {
    this.#name = name;
    this.#bus = bus;
    this.#make = make;
    this.#slots = slots;
  }

  start(): void {
    this.#timer = setInterval(() => this.#renew(), leaseMs / 3).unref();
    this.#wake();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  add(entry: Entry): void {
    this.#ready.push(entry);
    this.#wake();
  }

  /** Starts work in the next turn, so that the sender does not wait. */
  #wake(): void {
    if (this.#waking || !this.#timer || this.#leases.size === this.#slots) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      this.#turn = 0;
      this.#fill();
    });
  }

  #fill(): void {
    while (this.#timer && this.#leases.size < this.#slots) {
      if (this.#turn === maxTurn) return this.#wake();
      const entry = this.#ready[this.#read];
      if (!entry) return;
      this.#turn++;
      if (++this.#read === cutAt) {
        this.#ready = this.#ready.slice(this.#read);
        this.#read = 0;
      }
      const lease = new Lease(entry, Date.now());
      this.#leases.add(lease);
      void this.#run(lease);
    }
  }

  async #run(lease: Lease): Promise<void> {
    const { entry, attempt } = lease;
    const startedAt = performance.now();
    const note = (outcome: Noted["outcome"], outputs = none): void => {
      const tookMs = performance.now() - startedAt;
      this.#bus.note({ subscription: this.#name, entry, attempt, startedAt, tookMs, outcome, outputs });
    };
    try {
      const outputs = await new this.#make().process(JSON.parse(entry.message.text) as Body, lease);
      const made = outputs.map(
        ([type, body], ordinal) => new Message(type, body, { input: entry.message, subscription: this.#name, ordinal }),
      );
      // Everything that can fail comes first: the rest of the commit is synchronous, hence atomic.
      const readers = made.map((message) => this.#bus.readersOf(message));
      if (!this.#release(lease)) return note("lease-lost");
      made.forEach((message, n) => readers[n]?.forEach((reader) => reader.add(new Entry(message))));
      note("committed", made);
    } catch (error) {
      if (!this.#release(lease)) return note("lease-lost");
      const dead = attempt >= maxAttempts;
      if (dead) this.#dead.push({ entry, reason: String(error) });
      else setTimeout(() => this.add(entry), firstDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
      note(dead ? "dead-lettered" : "retried");
    } finally {
      this.#fill();
    }
  }

  /** Returns true if the lease was still held. */
  #release(lease: Lease): boolean {
    if (!this.#leases.delete(lease)) return false;
    if (lease.endsAt > Date.now()) return true;
    this.add(lease.entry);
    return false;
  }

  /** Renews leases in time. A lease that was not renewed, because the process slept, has ended. */
  #renew(): void {
    const now = Date.now();
    for (const lease of this.#leases)
      if (lease.endsAt > now) lease.endsAt = now + leaseMs;
      else {
        this.#leases.delete(lease);
        this.add(lease.entry);
      }
  }
}

serve(async ({ concurrency, chains = 1, held = false }, handled) => {
  const bus = new Bus();
  for (let chain = 0; chain < chains; chain++) {
    const [first, second, third] = [`A${chain}`, `B${chain}`, `C${chain}`];
    const actors: readonly (readonly [topic: string, actor: new () => Actor])[] = [
      [
        first,
        class {
          async process(body: Body): Promise<readonly Output[]> {
            handled(0, body);
            return [[second, body]];
          }
        },
      ],
      [
        second,
        class {
          async process(body: Body): Promise<readonly Output[]> {
            handled(1, body);
            return [[third, body]];
          }
        },
      ],
      [
        third,
        class {
          async process(body: Body): Promise<readonly Output[]> {
            handled(2, body);
            return [];
          }
        },
      ],
    ];
    for (const [topic, actor] of actors) bus.add(topic, new Subscription(`${topic}-Work`, bus, actor, concurrency));
  }
  if (!held) bus.start();
  const push = (body: Body): void => bus.push(new Message(`A${body.sequence % chains}`, body, undefined));
  return {
    push,
    pushAll: async (bodies) => bodies.forEach(push),
    ...(held && { start: async () => bus.start() }),
    close: async () => bus.stop(),
  };
});
