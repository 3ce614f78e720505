import { isBeeHiveError } from "../../base/errors.ts";
import { isOfSource, journaledId } from "../recording.ts";
import { withoutControls } from "../segment.ts";
import type { JournalEntry } from "../journal.ts";
import { QueueName } from "../../events/queue-name.ts";
import type { KeyHolder, Lease, QueueCounts, QueueOperator } from "../../contract/queue-operator.ts";
import { isAbsent } from "./absence.ts";
import type { TraceRecord } from "./record.ts";
import type { TracedBranch, TraceState } from "./trace.ts";

export interface WhereaboutsParts {
  /** Now, in ms since the epoch. */
  readonly now: number;
  /** The queues to ask. @default None are asked. */
  readonly queues?: Pick<QueueOperator, "counts" | "deadLetters" | "holders" | "peek"> | undefined;
  /** The leases of this process. */
  readonly leases?: readonly Lease[] | undefined;
}

/** The first of its line. */
const inFront = { behind: undefined, behindUntil: undefined };

/** Maximum dead letters of a queue to read. */
const maxLetters = 10_000;
/** Maximum searches of queues for a trace: each reads the rows of a queue. */
const maxSearches = 100;

/**
 * Finds out where events are, from their last attempts and from the queues.
 *
 * Where a queue cannot be searched, an event that is not done is `waiting` as long as the queue holds any.
 */
export class Whereabouts {
  readonly #parts: WhereaboutsParts;
  readonly #counts = new Map<string, Promise<QueueCounts | undefined>>();
  readonly #letters = new Map<string, Promise<ReadonlySet<string> | undefined>>();
  readonly #holders = new Map<string, Promise<readonly KeyHolder[] | undefined>>();
  readonly #working: ReadonlySet<string>;
  #searches = 0;

  constructor(parts: WhereaboutsParts) {
    this.#parts = parts;
    this.#working = new Set(
      parts.leases?.map(({ event, queueName }) => `${queueName} ${withoutControls(journaledId(event))}`),
    );
  }

  /**
   * Returns the state of an event at a subscription.
   *
   * @param last The last attempt of that subscription at the event.
   * @param since The start of the journal; attempts at older events may be missing.
   */
  async of(
    event: TraceRecord,
    queueName: string,
    last: JournalEntry | undefined,
    since: number | undefined,
  ): Promise<Pick<TracedBranch, "state" | "dueAt" | "behind" | "behindUntil">> {
    const forgotten = last === undefined && (since === undefined || event.time < since);
    const state = forgotten ? "unknown" : await this.#stateOf(event, queueName, last);
    const isDue = last !== undefined || event.dueAt === undefined || event.dueAt <= this.#parts.now;
    return {
      state,
      dueAt: state === "delayed" && !isDue ? event.dueAt : undefined,
      ...(state === "waiting" && event.subjects.size > 0 ? await this.#headOf(event, queueName) : inFront),
    };
  }

  async #stateOf(event: TraceRecord, queueName: string, last: JournalEntry | undefined): Promise<TraceState> {
    if (this.#working.has(`${queueName} ${event.id}`)) return "working";
    if (last?.outcome === "committed") return "done";
    if (last?.outcome === "expired") return "expired";
    if (last?.outcome === "dead-lettered") return this.#deadOrNot(queueName, event.id);
    if (last === undefined && event.dueAt !== undefined && event.dueAt > this.#parts.now)
      return (await this.#isAbsent(event, queueName)) ? "absent" : "delayed";
    return this.#pending(event, queueName);
  }

  async #isAbsent({ id }: TraceRecord, queueName: string): Promise<boolean> {
    const { queues } = this.#parts;
    return queues !== undefined && this.#searches++ < maxSearches && (await isAbsent(queues, queueName, id));
  }

  async #pending(event: TraceRecord, queueName: string): Promise<TraceState> {
    if (!this.#parts.queues) return "waiting";
    const counts = await this.#countsOf(queueName);
    if (!counts) return "unknown";
    const { ready, leased, delayed } = counts;
    if (ready + leased + delayed === 0 || (await this.#isAbsent(event, queueName))) return "unknown";
    if (ready + delayed === 0) return "working";
    return ready + leased === 0 ? "delayed" : "waiting";
  }

  async #deadOrNot(queueName: string, id: string): Promise<TraceState> {
    const letters = await this.#lettersOf(queueName);
    return letters === undefined || letters.has(id) ? "dead-lettered" : "requeued-or-dropped";
  }

  /** Returns the event in front of the line of an event. */
  async #headOf(event: TraceRecord, queueName: string): Promise<Pick<TracedBranch, "behind" | "behindUntil">> {
    const { queues } = this.#parts;
    // A provider with `holders` finds an event cheaply. An id with a source is not one of a queue.
    if (!queues?.peek || !queues.holders || isOfSource(event.id))
      return { ...inFront, behind: await this.#holderOf(event, queueName) };
    const [found] = await queues.peek(QueueName.parse(queueName), { limit: 1, id: event.id }).catch(() => []);
    return { behind: found?.heldBy?.eventId, behindUntil: found?.heldBy?.dueAt };
  }

  async #holderOf({ id, subjects }: TraceRecord, queueName: string): Promise<string | undefined> {
    const holders = await remembered(
      this.#holders,
      queueName,
      (name, queues) => queues.holders?.(name) ?? Promise.resolve(undefined),
      this.#parts.queues,
    );
    const holder = holders?.find(({ partitionKey }) => subjects.has(partitionKey));
    return holder?.eventId === id ? undefined : holder?.eventId;
  }

  #countsOf(queueName: string): Promise<QueueCounts | undefined> {
    return remembered(this.#counts, queueName, (name, queues) => queues.counts(name), this.#parts.queues);
  }

  /** Returns the ids of the dead letters; `undefined` when they are not known or too many. */
  #lettersOf(queueName: string): Promise<ReadonlySet<string> | undefined> {
    return remembered(
      this.#letters,
      queueName,
      async (name, queues) => {
        const ids = new Set<string>();
        for await (const { event } of queues.deadLetters(name))
          if (ids.add(withoutControls(journaledId(event))).size > maxLetters) return undefined;
        return ids;
      },
      this.#parts.queues,
    );
  }
}

/** Asks once for each queue. Resolves to `undefined` for a missing queue. */
function remembered<T>(
  known: Map<string, Promise<T | undefined>>,
  queueName: string,
  ask: (name: QueueName, queues: NonNullable<WhereaboutsParts["queues"]>) => Promise<T | undefined>,
  queues: WhereaboutsParts["queues"],
): Promise<T | undefined> {
  let answer = known.get(queueName);
  if (!answer) {
    answer = queues ? ask(QueueName.parse(queueName), queues).catch(absent) : Promise.resolve(undefined);
    known.set(queueName, answer);
  }
  return answer;
}

function absent(error: unknown): undefined {
  if (isBeeHiveError(error, "QueueNotFound")) return undefined;
  throw error;
}
