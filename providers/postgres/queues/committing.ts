import type { Clock } from "../../../src/base/clock.ts";
import { messageOf } from "../../../src/base/error-text.ts";
import type { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { keptIsNotCancelled, noDestination } from "../../../src/provider-kit/errors.ts";
import type { PostgresClient } from "../client.ts";
import { batchRefused } from "../database/batch-functions.ts";
import { codeOf, isOneOfGroup } from "../errors.ts";
import type { ServerClock } from "../server-clock.ts";
import { CommitParameters, type Handed } from "./commit-parameters.ts";
import { Commits, type Commit, type Outcome } from "./commits.ts";
import { PostgresLease } from "./lease.ts";
import { positionIn, readMessage } from "./message.ts";
import type { Notices } from "./notices.ts";
import { readersOf, type Destination, type Subscription, type Topology } from "./topology.ts";
import type { Waiting } from "./waiting.ts";

/** @throws BeeHiveError `InvalidEvent` for an event with a cancel key to a topic that keeps its events. */
export function assertNoneIsKept(events: readonly Event[], topology: Topology): void {
  for (const event of events)
    if (event.cancelKey !== undefined && topology.knownDestination(event)?.kept) throw keptIsNotCancelled(event);
}

/** The parts that committing works with. */
export interface CommittingParts {
  readonly client: PostgresClient;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly topology: Topology;
  readonly waiting: Waiting;
  readonly notices: Notices;
  readonly token: () => number;
  /** Returns the number of this process; `null` while others could not tell that it died. */
  readonly process: () => number | null;
  /** How long the id of an event is known, in ms. */
  readonly windowMs: number;
  /** Called after each group, for work that goes with it. */
  readonly onCommitted: () => void;
}

interface ResultRow {
  readonly what: "topology" | "conflict" | "lease" | "freed" | "dropped" | "handed" | "now";
  readonly step: number;
  readonly n: number;
  readonly token: number;
  readonly found: string | null;
}

/** A message that was leased as it was published; `found` is the position of an event of the log. */
type HandedRow = Pick<ResultRow, "n" | "token" | "found">;

/** How often a group is sent anew because the topology changed. */
const maxTopologies = 5;

/** Commits steps, pushes and writes of stores in groups, and hands what they publish to the polls of this process. */
export class Committing {
  readonly #parts: CommittingParts;
  readonly #commits = new Commits((group) => this.#send(group));

  constructor(parts: CommittingParts) {
    this.#parts = parts;
  }

  /** @throws BeeHiveError `QueueNotFound` for an event without a destination; then nothing is done. */
  async commit(commit: Commit): Promise<Outcome> {
    const { topology } = this.#parts;
    // Without an `await` where it can be: a step that relies on another is queued behind it.
    if (!commit.events.every((event) => topology.knownDestination(event)))
      await topology.assertDestinations(commit.events);
    assertNoneIsKept(commit.events, topology);
    return await this.#commits.add(commit);
  }

  /** Sends a group. What fails in it is sent in halves, so that in the end it fails alone. */
  async #send(group: readonly Commit[]): Promise<readonly (Outcome | Error)[]> {
    try {
      return await this.#sendWhole(group);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const refused = group[0] && refusalOf(group[0], error);
      if (refused) return [refused];
      if (group.length === 1 || !isOneOfGroup(error)) return group.map(() => error);
      const half = Math.ceil(group.length / 2);
      return [...(await this.#send(group.slice(0, half))), ...(await this.#send(group.slice(half)))];
    }
  }

  async #sendWhole(group: readonly Commit[]): Promise<readonly (Outcome | Error)[]> {
    const { client, clock, serverClock, topology, process, windowMs, onCommitted } = this.#parts;
    for (let times = 1; ; times++) {
      const version = topology.version;
      const parameters = this.#parametersOf(group);
      const handed = new Map(parameters.handed().map(({ one }) => [one.token, one]));
      const sentAt = clock.now();
      try {
        const values = parameters.values(version, process(), windowMs);
        const { rows, repeated } = await client.call<ResultRow>(parameters.function, values);
        if (rows[0]?.what === "topology" && times < maxTopologies) {
          await topology.read();
          await topology.assertDestinations(group.flatMap(({ events }) => events));
          continue;
        }
        const now = rows.at(-1)?.n ?? sentAt;
        serverClock.observe(now, sentAt);
        const taken = rows.filter(({ what }) => what === "handed");
        const lost = repeated ? await this.#findLost([...handed.values()]) : [];
        this.#deliver(handed, [...taken, ...lost], now, sentAt);
        const outcomes = this.#outcomesOf(group, parameters, rows, repeated, new Set(lost.map(({ token }) => token)));
        const freed = rows.flatMap(({ what, n }) => (what === "freed" ? [n] : []));
        this.#tell(group, parameters, outcomes, new Set([...taken, ...lost].map(({ token }) => token)), freed);
        onCommitted();
        return outcomes;
      } finally {
        this.#endReservations(group, handed.values());
      }
    }
  }

  #parametersOf(group: readonly Commit[]): CommitParameters {
    const { topology, waiting, token } = this.#parts;
    const destination = (event: Event): Destination => {
      const found = topology.knownDestination(event);
      if (found) return found;
      throw noDestination(QueueName.parse(event.queueName));
    };
    // All of them before the first reservation.
    for (const { events } of group) events.forEach(destination);
    for (const lease of leasesOf(group)) waiting.ending(lease.subscription, 1);
    // A batch hands nothing over: were it refused, nobody would know what it had leased.
    const reserve = (one: Subscription): number | undefined => (group[0]?.others ? undefined : waiting.reserve(one));
    return new CommitParameters(group, { destination, reserve, token });
  }

  #endReservations(group: readonly Commit[], handed: Iterable<Handed>): void {
    const { waiting } = this.#parts;
    for (const { subscription } of handed) waiting.release(subscription, 1);
    for (const lease of leasesOf(group)) waiting.ending(lease.subscription, -1);
  }

  /** Makes leases of what was handed over. */
  #deliver(handed: ReadonlyMap<number, Handed>, rows: readonly HandedRow[], now: number, sentAt: number): void {
    const bySubscription = new Map<number, { readonly one: Handed; readonly leases: PostgresLease[] }>();
    for (const { n: id, token, found: position } of rows) {
      const one = handed.get(token);
      if (!one) continue;
      const { subscription, event, row, leaseMs } = one;
      const queueName = subscription.name.toString();
      const own = event.byReference ? readMessage(row, queueName).event : event.with({ queueName });
      const of = bySubscription.get(subscription.id) ?? { one, leases: [] };
      bySubscription.set(subscription.id, of);
      const place = { position: position === null ? undefined : Number(position), replayed: undefined };
      const times = { attempt: 1, firstSeen: now, expiresAt: sentAt + leaseMs };
      of.leases.push(new PostgresLease({ id, token, subscription, line: null, event: own, ...times, ...place }));
    }
    for (const { one, leases } of bySubscription.values()) this.#parts.waiting.deliver(one.subscription, leases);
  }

  /** Finds what a call handed over whose answer was lost: it is leased under the tokens of this process. */
  async #findLost(handed: readonly Handed[]): Promise<readonly HandedRow[]> {
    if (handed.length === 0) return [];
    const { rows } = await this.#parts.client.query<HandedRow>(
      `SELECT id AS n, lease AS token, ${positionIn} AS found FROM beehive.messages ` +
        "WHERE subscription = ANY ($1) AND lease = ANY ($2)",
      [[...new Set(handed.map(({ subscription }) => subscription.id))], handed.map(({ token }) => token)],
    );
    return rows;
  }

  #outcomesOf(
    group: readonly Commit[],
    parameters: CommitParameters,
    rows: readonly ResultRow[],
    repeated: boolean,
    lost: ReadonlySet<number>,
  ): Outcome[] {
    const outcomes: Outcome[] = group.map(() => ({ kind: "committed", dropped: 0 }));
    const { items } = parameters;
    const happened = new Set(parameters.handed().flatMap(({ step, one }) => (lost.has(one.token) ? [step] : [])));
    for (const { what, step, n, found } of rows) {
      const before = outcomes[step];
      if (what === "dropped") outcomes[step] = { kind: "committed", dropped: repeated ? undefined : n };
      else if (what === "lease") outcomes[step] = { kind: "lease" };
      else if (what === "conflict" && before?.kind === "committed") {
        const { item } = items[n - 1] ?? {};
        if (!item) continue;
        outcomes[step] = { kind: "conflict", key: item.key, found: found ?? undefined };
        // The answer to the first call was lost, and its write is there.
        if (repeated && item.act !== "read" && (found ?? undefined) === item.content?.etag) happened.add(step);
      }
    }
    if (repeated) for (const step of happened) outcomes[step] = { kind: "committed", dropped: undefined };
    return outcomes;
  }

  /** Says what became due: to the polls of this process, and to other processes. */
  #tell(
    group: readonly Commit[],
    { outputs, kept }: CommitParameters,
    outcomes: readonly Outcome[],
    leased: ReadonlySet<number>,
    freed: readonly number[],
  ): void {
    const { waiting, notices } = this.#parts;
    const published = new Map<number, number>();
    const add = (id: number): void => void published.set(id, (published.get(id) ?? 0) + 1);
    // Of these, others may be due as well.
    const behind = new Set<number>();
    for (const { step, subscription, handed } of outputs)
      if (!handed && outcomes[step]?.kind === "committed") add(subscription.id);
    for (const { step, destination, handed } of kept)
      if (outcomes[step]?.kind === "committed")
        for (const id of readersOf(destination))
          if (!leased.has(handed.get(id)?.token ?? NaN)) {
            add(id);
            behind.add(id);
          }
    // The next of a line is due once the first is done, or cancelled.
    const left = group.flatMap((commit, step) =>
      outcomes[step]?.kind === "committed"
        ? leasesOf([commit]).flatMap(({ line, subscription }) => (line === null ? [] : [subscription.id]))
        : [],
    );
    for (const id of [...left, ...freed]) {
      add(id);
      behind.add(id);
    }
    for (const [id, count] of published) {
      waiting.touch(id, behind.has(id) ? Infinity : count);
      notices.published(id, count);
    }
  }
}

function leasesOf(group: readonly Commit[]): readonly PostgresLease[] {
  return group.flatMap(({ lease, others = [] }) => (lease ? [lease, ...others] : others));
}

/** Returns why a batch was refused; `undefined` for any other error, and for no batch. */
function refusalOf({ items, others }: Commit, { cause }: Error): Outcome | undefined {
  if (!others || codeOf(cause) !== batchRefused) return undefined;
  const [, number, found] = /^conflict (\d+) (.*)$/.exec(messageOf(cause)) ?? [];
  const item = number === undefined ? undefined : items[Number(number) - 1];
  return item ? { kind: "conflict", key: item.key, found: found === "" ? undefined : found } : { kind: "lease" };
}
