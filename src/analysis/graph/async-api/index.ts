import { stringify } from "yaml";
import type { QueueSpec } from "../../../contract/queue-operator.ts";
import type { ForeignChannel, ProviderSurface } from "../../../contract/surface.ts";
import type { QueueName } from "../../../events/queue-name.ts";
import type { EventGraph, GraphEvent, GraphQueue, Publication, Subscription } from "../event-graph.ts";
import { Keys, referenceTo, type Reference } from "./keys.ts";
import { Messages, type RegisteredSchema } from "./messages.ts";
import { Servers, type Place } from "./servers.ts";

export type { RegisteredSchema } from "./messages.ts";

/** The title and version of the document. */
export interface AsyncApiInfo {
  readonly title: string;
  readonly version: string;
}

/** What the document knows beside the graph. */
export interface AsyncApiParts {
  /** The providers on which the application runs. @default No servers and no bindings. */
  readonly surfaces?: readonly ProviderSurface[];
  /** The topics, subscriptions and queues of the application, for bindings. @default [] */
  readonly specs?: readonly QueueSpec[];
  /** The ways to other systems. @default [] */
  readonly bridges?: readonly Bridge[];
  /** Schemas of a registry, by the name of the event type. @default Those of the code. */
  readonly schemas?: ReadonlyMap<string, RegisteredSchema>;
}

/** A source that reads a channel of another system, or an actor that writes to one. */
export interface Bridge {
  readonly name: string;
  readonly action: "send" | "receive";
  readonly channel: ForeignChannel;
  /** The topic or queue of the hive at the other end. */
  readonly events: QueueName;
}

/** Returns an AsyncAPI 3.1 document as YAML: queues are channels, reading and publishing are operations. */
export function asyncApi(graph: EventGraph, info: AsyncApiInfo, parts: AsyncApiParts = {}): string {
  return stringify(asyncApiDocument(graph, info, parts), { lineWidth: 0, aliasDuplicateObjects: false });
}

/**
 * Returns an AsyncAPI 3.1 document as an object.
 *
 * The payload of a message is the schema of its event type, or anything if there is none.
 */
export function asyncApiDocument(graph: EventGraph, info: AsyncApiInfo, parts: AsyncApiParts = {}): object {
  const { surfaces = [], specs = [], bridges = [], schemas = new Map<string, RegisteredSchema>() } = parts;
  const keys = new Keys();
  const messages = new Messages(keys, schemas);
  const servers = new Servers(keys, surfaces, specs);

  const channelKey = (name: GraphQueue["name"]): string => keys.of("channel", String(name));
  const channelOf = ({ name, events }: GraphQueue): object => ({
    address: String(name),
    title: name.topic,
    description:
      name.kind === "queue"
        ? "A queue: each event to one of its readers."
        : "A topic: each event to every subscription.",
    ...servers.ofChannel(name),
    messages: messages.of(eventsOf(name, events)),
  });
  const foreignKey = ({ channel: { servers: there, address } }: Bridge): string =>
    keys.of("channel", `${there[0]?.protocol}.${address ?? "by_event"}`, JSON.stringify(there));
  const foreignOf = (bridge: Bridge): object => foreignChannel(bridge, servers, messages, bridges, graph);

  const channels = Object.fromEntries([
    ...graph.queues.map((queue) => [channelKey(queue.name), channelOf(queue)] as const),
    ...bridges.map((bridge) => [foreignKey(bridge), foreignOf(bridge)] as const),
  ]);
  const operations = [
    ...graph.publications.flatMap((one) => sendOf(one, channelKey(one.to))),
    ...graph.subscriptions.map((one) =>
      receiveOf(one, channelKey(one.queueName.destination), servers.ofReading(one.queueName)),
    ),
    ...bridges.map((one) => bridgeOf(one, foreignKey(one))),
  ];
  return {
    asyncapi: "3.1.0",
    info,
    defaultContentType: "application/json",
    ...servers.all,
    channels,
    operations: Object.fromEntries(operations.map(({ name, ...operation }) => [keys.of("operation", name), operation])),
    components: messages.components,
  };
}

/** Returns the events of a queue. Without known ones, it is the event named as the topic, by convention. */
function eventsOf({ topic }: GraphQueue["name"], events: readonly GraphEvent[]): readonly GraphEvent[] {
  return events.length > 0 ? events : [{ name: topic, version: 1, schema: undefined, declared: false }];
}

/** Returns a channel of another system, with the events of every bridge that leads to it. */
function foreignChannel(
  { channel: { servers: there, address, bindings } }: Bridge,
  servers: Servers,
  messages: Messages,
  bridges: readonly Bridge[],
  { queues }: EventGraph,
): object {
  const place = JSON.stringify(there);
  const ends = bridges
    .filter(({ channel }) => channel.address === address && JSON.stringify(channel.servers) === place)
    .map(({ events }) => String(events));
  const events = queues.filter(({ name }) => ends.includes(String(name)));
  return {
    address: address ?? null,
    title: address ?? "by the event",
    description: "A channel of another system.",
    servers: there.map((server) => servers.add(server.protocol.split("-", 1)[0] ?? "", server)),
    bindings: bindings.channel,
    messages: messages.of(events.flatMap((queue) => eventsOf(queue.name, queue.events))),
  };
}

interface Operation extends Pick<Place, "bindings"> {
  readonly name: string;
  readonly action: "send" | "receive";
  readonly title: string;
  readonly summary: string;
  readonly channel: Reference;
}

/** Publications from outside are no operations of this application. */
function sendOf({ from: { kind, name }, to }: Publication, channel: string): Operation[] {
  if (kind === "outside") return [];
  return [
    {
      name: `${name}.sends.${to.topic}`,
      action: "send",
      title: name,
      summary: `The ${kind} ${name} publishes to ${to}`,
      channel: referenceTo("channels", channel),
    },
  ];
}

function receiveOf({ actor, queueName }: Subscription, channel: string, { bindings }: Place): Operation {
  return {
    name: `${actor}.receives.${queueName}`,
    action: "receive",
    title: actor,
    summary: `The actor ${actor} reads ${queueName}`,
    channel: referenceTo("channels", channel),
    ...(bindings && { bindings }),
  };
}

function bridgeOf({ name, action, channel: { address, bindings } }: Bridge, channel: string): Operation {
  const place = address ?? "a channel by the event";
  return {
    name: `${name}.${action}s.${channel}`,
    action,
    title: name,
    summary: action === "send" ? `The actor ${name} writes to ${place}` : `The source ${name} reads ${place}`,
    channel: referenceTo("channels", channel),
    bindings: bindings.operation,
  };
}
