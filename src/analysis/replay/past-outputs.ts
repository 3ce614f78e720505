import type { TopicLog } from "../../contract/topic-log.ts";
import { outputIdOf } from "../../delivery/stamp.ts";
import type { Event } from "../../events/event.ts";
import type { QueueName } from "../../events/queue-name.ts";

const page = 500;
/** Rewinds of a subscription whose outputs are known as repeated ones. */
const maxRewinds = 10;

/** The kept events that inputs caused, by the ids of the inputs. */
export class PastOutputs {
  readonly #byCause: ReadonlyMap<string, readonly Event[]>;
  readonly #subscription: QueueName;
  readonly #others: readonly QueueName[];
  readonly #publishes: ReadonlySet<string>;

  private constructor(
    byCause: ReadonlyMap<string, readonly Event[]>,
    subscription: QueueName,
    others: readonly QueueName[],
    publishes: readonly QueueName[],
  ) {
    this.#byCause = byCause;
    this.#subscription = subscription;
    this.#others = others;
    this.#publishes = new Set(publishes.map(String));
  }

  /**
   * Reads all kept topics from the time of the first cause on.
   *
   * @param others The other subscriptions of the topic, whose outputs have the same causes.
   */
  static async read(
    log: TopicLog,
    causes: ReadonlySet<string>,
    since: number,
    { subscription, others, publishes }: OutputsOf,
  ): Promise<PastOutputs> {
    const byCause = new Map<string, Event[]>();
    for (const topic of causes.size === 0 ? [] : await log.topics()) {
      let from = await log.positionAt(topic, since);
      for (;;) {
        const events = await log.read(topic, { from, limit: page });
        for (const { event } of events) {
          const { causationId } = event;
          if (causationId === undefined || !causes.has(causationId)) continue;
          const known = byCause.get(causationId);
          if (known) known.push(event);
          else byCause.set(causationId, [event]);
        }
        const last = events.at(-1);
        if (!last || events.length < page) break;
        from = last.position + 1;
      }
    }
    return new PastOutputs(byCause, subscription, others, publishes);
  }

  /**
   * Returns the outputs of the subscription for an input.
   *
   * An output without an id of its own has a hash as id, which tells the subscription. One with an id of its own is
   * taken for an output when the replay has that id, or when the actor publishes to its topic.
   */
  of(input: Event, ids: ReadonlySet<string>): readonly Event[] {
    const caused = this.#byCause.get(input.id) ?? [];
    return caused.filter((output) => {
      if (ids.has(output.id) || this.#made(output, input, String(this.#subscription), caused.length)) return true;
      if (this.#repeated(output, input, caused.length)) return false;
      if (this.#others.some((other) => this.#made(output, input, String(other), caused.length))) return false;
      return this.#publishes.has(output.queueName);
    });
  }

  #made(output: Event, input: Event, subscription: string, count: number): boolean {
    for (let ordinal = 0; ordinal < count; ordinal++)
      if (outputIdOf(input, subscription, output, ordinal) === output.id) return true;
    return false;
  }

  #repeated(output: Event, input: Event, count: number): boolean {
    for (let rewind = 1; rewind <= maxRewinds; rewind++)
      if (this.#made(output, input, `${this.#subscription}#${rewind}`, count)) return true;
    return false;
  }
}

interface OutputsOf {
  readonly subscription: QueueName;
  readonly others: readonly QueueName[];
  /** The destinations that the actor declares. */
  readonly publishes: readonly QueueName[];
}
