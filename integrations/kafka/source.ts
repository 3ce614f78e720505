import { destination } from "../../src/actors/descriptor.ts";
import type { Published } from "../../src/actors/actor.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { numberProblems, valueText, wholeNumber } from "../../src/base/numbers.ts";
import { objectProblems, throwProblems } from "../../src/base/problems.ts";
import type { Provider } from "../../src/contract/provider.ts";
import type { QueueName } from "../../src/events/queue-name.ts";
import { Event } from "../../src/events/event.ts";
import type { Source } from "../../src/hive/source.ts";
import type { KafkaClient, KafkaRecord } from "./client.ts";
import { destinationProblems, shapeOf } from "./event-shape.ts";
import { Places } from "./places.ts";
import { foreignChannel } from "./foreign-channel.ts";
import { KafkaReading } from "./reading.ts";
import { eventOf } from "./record-event.ts";
import { isPlace, offsetsAt, placeOf, type SeekPlace } from "./seek-place.ts";

/**
 * The options of {@link kafkaSource}.
 *
 * @example
 * { client, topic: "orders", group: "shop", to: "OrderPlaced-", from: "beginning" }
 */
export interface KafkaSourceOptions {
  readonly client: KafkaClient;
  /** The topic of Kafka. */
  readonly topic: string;
  /** The consumer group: processes of one group share the partitions, and its place is stored under its name. */
  readonly group: string;
  /** The topic, queue or event type that the events go to. */
  readonly to: Published;
  /** The type of the events. @default the name of `to` */
  readonly eventType?: string | undefined;
  /** Where a group starts that has no place yet, neither here nor in Kafka. @default "end" */
  readonly from?: "beginning" | "end" | Date | undefined;
  /** The content type of records whose headers have no `content-type`. @default "application/json" */
  readonly contentType?: string | undefined;
  /**
   * Changes the event of a record, or passes over it with `undefined`. Must return the same for the same record.
   *
   * @default The event as it is.
   * @example
   * event: (event, { headers }) => (headers.length === 0 ? undefined : event)
   */
  readonly event?: ((event: Event, record: KafkaRecord) => Event | undefined) | undefined;
  /** The most records that become events in one step. @default 500 */
  readonly maxBatch?: number | undefined;
  /** Stops fetching while a subscription of `to` in this hive has so many ready events. @default 10_000 */
  readonly maxReady?: number | undefined;
  /** The name of the source, unique in the hive. @default the topic of Kafka */
  readonly name?: string | undefined;
}

const known: Readonly<Record<keyof KafkaSourceOptions, true>> = {
  client: true,
  topic: true,
  group: true,
  to: true,
  eventType: true,
  from: true,
  contentType: true,
  event: true,
  maxBatch: true,
  maxReady: true,
  name: true,
};

/** The longest names of group and topic together: they are the key of a stored item. */
const maxNames = 240;

/** A topic of Kafka whose records become events. Returned by {@link kafkaSource}. */
export interface KafkaSource extends Source {
  /**
   * Moves the group to another place, in every process. What is read again is published again, under ids of its own.
   *
   * @param of the hive or provider of the source.
   * @param to `offsets`: an offset for each partition to move; the others stay. Else a place for all of them.
   * @example
   * await orders.seek(hive, { to: new Date("2026-03-01T00:00Z") });
   */
  seek(of: { readonly provider: Provider } | Provider, options: { readonly to: SeekPlace }): Promise<void>;
  /**
   * Returns the number of records that the group has yet to read, of all partitions.
   *
   * @param of the hive or provider of the source.
   */
  lag(of: { readonly provider: Provider } | Provider): Promise<number>;
}

/**
 * Makes the records of a topic of Kafka events of a hive.
 *
 * Each batch of records becomes events in one step, together with the next offset: exactly once on memory, SQLite and
 * PostgreSQL, whatever rebalances do. On Azure and AWS repeats have the same ids, `topic:partition:offset`, and are
 * dropped within the window of duplicates.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options.
 * @example
 * const orders = kafkaSource({ client, topic: "orders", group: "shop", to: OrderPlaced, from: "beginning" });
 * const hive = await createHive({ actors, sources: [orders], provider: "sqlite:./hive.db" });
 */
export function kafkaSource(options: KafkaSourceOptions): KafkaSource {
  throwProblems(sourceOptionProblems(options), "The source of Kafka cannot be made");
  const { client, topic, group, to, from = "end", name = topic, event: change } = options;
  const { maxBatch = 500, maxReady = 10_000 } = options;
  const target = destination(to);
  const shape = shapeOf(to, options);
  const placesOf = (of: { readonly provider: Provider } | Provider): Places =>
    new Places(("stores" in of ? of : of.provider).stores, group, topic);
  return {
    name,
    publishes: [to],
    channel: foreignChannel(client, topic, group),
    start: (context) =>
      new KafkaReading(
        {
          client,
          topic,
          group,
          maxBatch,
          maxReady,
          destination: target,
          from: placeOf(from),
          toEvent: (record, place) => {
            const event = eventOf(record, place, shape);
            return change ? changed(change(event, record), event, target) : event;
          },
        },
        context,
      ),
    async seek(of, { to: place }) {
      const places = placesOf(of);
      const offsets = await offsetsAt(client, topic, place, `seek ${group} in ${topic}`);
      for (const [partition, offset] of offsets) await places.seek(partition, offset);
    },
    async lag(of) {
      const [ends, places] = [await client.offsets(topic, "end"), await placesOf(of).all()];
      const left = [...ends].map(([partition, end]) => Math.max(0, end - (places.get(partition)?.next ?? 0)));
      return left.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** Returns the event that replaces another: with its id, unless it was given one. */
function changed(given: Event | undefined, event: Event, target: QueueName): Event | undefined {
  if (given === undefined || given === event) return given;
  if (!(given instanceof Event))
    throw new BeeHiveError("InvalidEvent", "event() of a source of Kafka must return an event, or undefined.");
  const id = given.hasId ? given.id : event.id;
  return given.with({ id, queueName: String(target) });
}

function sourceOptionProblems(options: unknown): string[] {
  const [noObject] = objectProblems("what it is given", options);
  if (noObject !== undefined) return [noObject];
  const given = options as Partial<KafkaSourceOptions>;
  const { client, topic, group, to, from, event, maxBatch = 1, maxReady = 1 } = given;
  const texts = (["topic", "group"] as const).flatMap((name) =>
    typeof given[name] === "string" && given[name] !== ""
      ? []
      : [`${name} must be a text, not ${valueText(given[name])}`],
  );
  return [
    ...Object.keys(given).flatMap((name) =>
      Object.hasOwn(known, name) ? [] : [`"${name}" is not an option; there are ${Object.keys(known).join(", ")}`],
    ),
    ...(typeof client?.consumer === "function" ? [] : ["client must be a client of Kafka: kafkaClient({ brokers })"]),
    ...texts,
    ...(texts.length === 0 && `${topic}${group}`.length > maxNames
      ? [`topic and group have ${`${topic}${group}`.length} characters together; at most ${maxNames} are stored`]
      : []),
    ...destinationProblems("to", to),
    ...(from === undefined || isPlace(from)
      ? []
      : [`from must be "beginning", "end" or a date, not ${valueText(from)}`]),
    ...(event === undefined || typeof event === "function" ? [] : ["event must be a function"]),
    ...numberProblems("maxBatch", maxBatch, wholeNumber(1, 10_000)),
    ...numberProblems("maxReady", maxReady, wholeNumber(1)),
  ];
}
