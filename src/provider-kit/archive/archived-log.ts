import { sleep } from "../../base/clock.ts";
import { inBatches } from "../../base/in-batches.ts";
import type { QueueSpec } from "../../contract/queue-operator.ts";
import type {
  KeepRule,
  KeptEvent,
  LogPosition,
  LogRange,
  LogRequest,
  ReplayedOutputs,
  StartPosition,
  TopicLog,
} from "../../contract/topic-log.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { noDestination, noQueue, notKept, placeTaken } from "../errors.ts";
import { archiveLeaseMs, Archiving } from "./archiving.ts";
import { archiveName, archiveOf, type ArchiveParts } from "./parts.ts";
import { Segments } from "./segments.ts";
import { ArchiveState } from "./state.ts";
import { trim } from "./trimming.ts";

/** How long a rule is believed to be the same, in ms. */
const believedMs = 60_000;
/** The archive dead-letters only what it cannot read. */
const maxAttempts = 400;
const minLookMs = 100;

/**
 * The log of a provider whose broker keeps no events: a subscription of each kept topic is archived in a key-value store.
 *
 * @example
 * const log = new ArchivedLog({ stores, queues, send, clock, logger, delayMs: 5_000 });
 * await log.ensure(specs, (all) => this.#topology.ensure(all));
 */
export class ArchivedLog implements TopicLog {
  readonly #parts: ArchiveParts;
  readonly #state: ArchiveState;
  readonly #segments = new Map<string, Segments>();
  readonly #rules = new Map<string, { readonly rule: KeepRule; readonly at: number }>();
  readonly #closing = new AbortController();

  constructor(parts: ArchiveParts) {
    this.#parts = parts;
    this.#state = new ArchiveState(parts.stores);
  }

  /** Makes queues, and starts new subscriptions in the past. @param make makes the queues of the broker. */
  async ensure(specs: readonly QueueSpec[], make: (specs: readonly QueueSpec[]) => Promise<void>): Promise<void> {
    const kept = specs.filter(({ name, keep }) => name.kind === "topic" && keep);
    const past = specs.filter(({ from }) => from !== undefined && from !== "now");
    if (kept.length + past.length === 0) return await make(specs);
    await this.#parts.prepare?.();
    for (const { name, keep } of kept) await this.#state.keep(name, keep as KeepRule);
    const started: QueueName[] = [];
    for (const { name, from } of await this.#missing(past)) {
      if (!(await this.#rule(name.destination))) continue;
      // Before it is made: a process that ends in between leaves the order to the next.
      await this.#state.start(name, from as StartPosition, this.#parts.clock.now());
      started.push(name);
    }
    await make(withArchives(specs));
    for (const name of started) await this.#archiving(name).cut(name);
  }

  /** Forgets a subscription, or a topic with all its kept events. */
  async forget(name: QueueName): Promise<void> {
    if (name.kind === "queue" || !(await this.#rule(name.destination))) return;
    await this.#state.forget(name);
    if (name.kind !== "topic") return;
    this.#rules.delete(String(name));
    this.#segments.delete(String(name));
    await new Segments(name, this.#parts.stores.keyValue(archiveName), this.#parts.clock).clear();
  }

  /** Ends all archiving. */
  close(): void {
    this.#closing.abort();
  }

  async archive(topics: readonly QueueName[], signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, this.#closing.signal]);
    await Promise.all(topics.map((topic) => this.#archiving(topic).run(over)));
  }

  topics(): Promise<readonly QueueName[]> {
    return this.#state.topics();
  }

  async range(topic: QueueName): Promise<LogRange> {
    return await (await this.#kept(topic)).range();
  }

  async positionAt(topic: QueueName, time: number): Promise<number> {
    return await (await this.#kept(topic)).positionAt(time);
  }

  async read(topic: QueueName, { from, limit, key }: LogRequest): Promise<readonly KeptEvent[]> {
    const holds = ({ event }: KeptEvent): boolean => key === undefined || event.partitionKey === key;
    return await (await this.#kept(topic)).read(from, limit, { holds });
  }

  async wait(topic: QueueName, position: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const { clock, delayMs } = this.#parts;
    const segments = await this.#kept(topic);
    const endsAt = clock.now() + waitMs;
    while (!signal.aborted && (await segments.range()).next <= position) {
      const leftMs = endsAt - clock.now();
      if (leftMs <= 0) return;
      await sleep(clock, Math.min(leftMs, Math.max(minLookMs, delayMs)), signal);
    }
  }

  /** Returns an approximate position: the broker counts what waits, but not which. */
  async position(subscription: QueueName): Promise<LogPosition> {
    if (subscription.kind !== "subscription") throw noQueue(subscription);
    const segments = await this.#kept(subscription.destination);
    const { ready, leased, delayed } = await this.#parts.queues.counts(subscription);
    const replay = await this.#state.replay(subscription);
    const { next } = await segments.range();
    const waiting = Math.min(next, ready + leased + delayed);
    const unsent = replay?.phase === "sending" ? replay.until - replay.next : 0;
    const position = unsent > 0 && replay ? replay.next : next - waiting;
    const behind = waiting + unsent;
    const first = behind > 0 ? (await segments.all()).find((segment) => segment.next > position) : undefined;
    return { position, behind, oldest: first?.since };
  }

  async rewind(subscription: QueueName, to: StartPosition, outputs: ReplayedOutputs): Promise<void> {
    if (subscription.kind !== "subscription") throw noQueue(subscription);
    await this.#kept(subscription.destination);
    if (await this.#isMissing(subscription)) throw noQueue(subscription);
    await this.#state.rewind(subscription, to, outputs, this.#parts.clock.now());
    await this.#archiving(subscription).cut(subscription);
  }

  /** Appends events of a backup. Subscriptions have queues of their own, so none gets them. */
  async restore(topic: QueueName, events: readonly KeptEvent[]): Promise<void> {
    const segments = await this.#kept(topic);
    if (events.length > 0 && !(await segments.restore(events))) throw placeTaken(topic, (await segments.range()).next);
  }

  async trim(): Promise<void> {
    const now = this.#parts.clock.now();
    await inBatches(await this.topics(), (topic) => trim(this.#segmentsOf(topic), this.#state, now));
  }

  /** Returns the segments of a topic. @throws BeeHiveError `InvalidState`, `QueueNotFound`. */
  async #kept(topic: QueueName): Promise<Segments> {
    if (await this.#rule(topic)) return this.#segmentsOf(topic);
    throw (await this.#isMissing(topic)) ? noDestination(topic) : notKept(topic);
  }

  async #rule(topic: QueueName): Promise<KeepRule | undefined> {
    const now = this.#parts.clock.now();
    const known = this.#rules.get(String(topic));
    if (known && Math.abs(now - known.at) < believedMs) return known.rule;
    const rule = await this.#state.rule(topic);
    if (rule) this.#rules.set(String(topic), { rule, at: now });
    return rule;
  }

  async #isMissing(name: QueueName): Promise<boolean> {
    // Others may have made it, ordered or not.
    const spec = { ...specOfArchive({ name }), name, publishedOnly: true };
    return (await this.#missing([spec])).length > 0;
  }

  async #missing(specs: readonly QueueSpec[]): Promise<readonly QueueSpec[]> {
    if (specs.length === 0) return [];
    const missing = new Set((await this.#parts.queues.missing(specs)).map(String));
    return specs.filter(({ name }) => missing.has(String(name)));
  }

  #archiving({ destination }: QueueName): Archiving {
    return new Archiving(this.#parts, this.#state, this.#segmentsOf(destination));
  }

  #segmentsOf(topic: QueueName): Segments {
    const known = this.#segments.get(String(topic));
    if (known) return known;
    const segments = new Segments(topic, this.#parts.stores.keyValue(archiveName), this.#parts.clock);
    this.#segments.set(String(topic), segments);
    return segments;
  }
}

/** Returns the subscription of a kept topic that is archived. */
function specOfArchive({ name }: Pick<QueueSpec, "name">): QueueSpec {
  return { name: archiveOf(name), ordered: false, leaseMs: archiveLeaseMs, maxAttempts };
}

/** Returns the specs with the subscriptions that are archived. */
export function withArchives(specs: readonly QueueSpec[]): readonly QueueSpec[] {
  const kept = specs.filter(({ name, keep }) => name.kind === "topic" && keep);
  if (kept.length === 0) return specs;
  const given = new Set(specs.map(({ name }) => String(name)));
  return [...specs, ...kept.map(specOfArchive).filter(({ name }) => !given.has(String(name)))];
}
