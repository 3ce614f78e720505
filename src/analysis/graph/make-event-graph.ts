import { inMs } from "../../base/duration.ts";
import type { ActorDescriptor } from "../../actors/actor.ts";
import { destination } from "../../actors/descriptor.ts";
import type { Publisher as PublisherOptions } from "../../actors/publishes.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { AnyEventType, EventType } from "../../events/event-type.ts";
import { QueueName } from "../../events/queue-name.ts";
import type { ObservedEdge } from "../../journal/observed-edges.ts";
import type { Pulser, Schedule } from "../../actors/pulses/pulser.ts";
import type { EventGraph, GraphEvent, Publication, Publisher } from "./event-graph.ts";
import { inFlowOrder } from "./flow-order.ts";

/** The parts of an application that are known without running it. */
export interface EventGraphParts extends PublisherOptions {
  readonly descriptors: readonly Pick<ActorDescriptor, "name" | "queueName" | "publishes" | "event">[];
  readonly pulsers?: readonly Pulser[] | undefined;
  /** Event types that modules export; those that actors name are known already. @default [] */
  readonly eventTypes?: readonly EventType<unknown>[] | undefined;
  /** Topics and queues with events from outside the actors, beside event types with `entry`. @default [] */
  readonly entries?: readonly string[] | undefined;
  /** Counts from a journal. @default None. */
  readonly observed?: readonly ObservedEdge[] | undefined;
}

const outside: Publisher = { kind: "outside", name: "" };

/** Makes the graph. @throws BeeHiveError `InvalidQueueName` when a pulser, an event type or an entry names no queue. */
export function makeEventGraph(parts: EventGraphParts): EventGraph {
  const { descriptors, pulsers = [], eventTypes = [], entries = [], publishes: own = [], observed } = parts;
  const queues = new Map<string, GraphEvent[]>();
  const publications = new Map<string, Publication>();
  const at = (name: QueueName): GraphEvent[] => getOrMake(queues, String(name), () => []);
  const publish = (from: Publisher, to: QueueName, declared: boolean, count: number): void => {
    at(to);
    const key = [from.kind, from.name, to].join("\n");
    const before = publications.get(key);
    publications.set(key, {
      from,
      to,
      declared: declared || (before?.declared ?? false),
      count: observed && (before?.count ?? 0) + count,
    });
  };

  for (const { name, queueName, publishes } of descriptors) {
    at(queueName.destination);
    for (const to of publishes) publish({ kind: "actor", name }, to, true, 0);
  }
  for (const { name, publishes = [] } of pulsers)
    for (const to of publishes) publish({ kind: "pulser", name }, destination(to), true, 0);
  const read = descriptors.flatMap(({ event }) => event ?? []);
  for (const type of new Set<AnyEventType>([...eventTypes, ...read])) {
    const to = destinationOf(type);
    if (!to) continue;
    const { name, version, schema } = type;
    at(to).push({ name, version, schema, declared: true });
    if (type.entry) publish(outside, to, true, 0);
  }
  for (const to of own) publish(outside, destination(to), true, 0);
  for (const entry of entries) publish(outside, entryOf(entry, queues), true, 0);
  for (const { from, eventType, destination: to, count } of observed ?? []) {
    const name = QueueName.parse(to);
    const events = at(name);
    if (!events.some((event) => event.name === eventType))
      events.push({ name: eventType, version: 1, schema: undefined, declared: false });
    publish(publisherOf(from, name, publications), name, false, count);
  }

  const declared = new Set(descriptors.map(({ name }) => name));
  const known = [...publications.values()].flatMap(({ from }) => (from.kind === "actor" ? [from.name] : []));
  return inFlowOrder({
    queues: [...queues].map(([name, events]) => ({ name: QueueName.parse(name), events })),
    actors: [...new Set([...declared, ...known])].map((name) => ({ name, declared: declared.has(name) })),
    pulsers: pulsers.map(({ name, schedule }) => ({ name, schedule: scheduleText(schedule) })),
    publications: [...publications.values()],
    subscriptions: descriptors.map(({ name, queueName }) => ({ queueName, actor: name })),
    observed: observed !== undefined,
  });
}

/** Returns the default destination of an event type; `undefined` if each event names its own. */
function destinationOf({ name, queueName }: AnyEventType): QueueName | undefined {
  if (queueName !== undefined) return QueueName.parse(queueName);
  try {
    return QueueName.topic(name);
  } catch (error) {
    if (isBeeHiveError(error, "InvalidQueueName")) return undefined;
    throw error;
  }
}

/** Returns the queue of an entry. A bare name may be a topic or a queue. */
function entryOf(entry: string, queues: ReadonlyMap<string, unknown>): QueueName {
  const name = QueueName.parse(entry);
  return name.kind === "queue" && !queues.has(entry) ? QueueName.topic(entry) : name.destination;
}

/** Returns the publisher of observed events. A journal does not tell pulsers from code outside. */
function publisherOf(
  from: string | undefined,
  to: QueueName,
  publications: ReadonlyMap<string, Publication>,
): Publisher {
  if (from !== undefined) return { kind: "actor", name: from };
  const declared = [...publications.values()].filter((one) => one.declared && String(one.to) === String(to));
  const isEntry = declared.some((one) => one.from.kind === "outside");
  return (isEntry ? undefined : declared.find((one) => one.from.kind === "pulser")?.from) ?? outside;
}

function getOrMake<T>(map: Map<string, T>, key: string, make: () => T): T {
  const made = map.get(key) ?? make();
  map.set(key, made);
  return made;
}

const units: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

/** Returns a schedule as text: `every 5 minutes`, `0 3 * * * (Europe/Rome)`. */
export function scheduleText(schedule: Schedule): string {
  if (schedule.cron !== undefined) return schedule.timezone ? `${schedule.cron} (${schedule.timezone})` : schedule.cron;
  const every = inMs(schedule.every);
  const [ms, name] = units.find(([unit]) => every % unit === 0) ?? [1, "ms"];
  if (ms === every) return `every ${name}`;
  return `every ${every / ms} ${name === "ms" ? name : `${name}s`}`;
}
