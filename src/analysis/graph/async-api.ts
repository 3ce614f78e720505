import { stringify } from "yaml";
import {
  type EventGraph,
  type GraphEvent,
  type GraphQueue,
  type Publication,
  type Subscription,
} from "./event-graph.ts";
import { jsonSchemaOf, type JsonSchema } from "./json-schema.ts";

/** The title and version of the document. */
export interface AsyncApiInfo {
  readonly title: string;
  readonly version: string;
}

type Reference = { readonly $ref: string };

interface Message {
  readonly name: string;
  readonly contentType: string;
  readonly headers?: JsonSchema;
  readonly payload: JsonSchema | Reference;
  readonly examples?: readonly { readonly payload: unknown }[];
}

/** Returns an AsyncAPI 3.1 document as YAML: queues are channels, reading and publishing are operations. */
export function asyncApi(graph: EventGraph, info: AsyncApiInfo): string {
  return stringify(asyncApiDocument(graph, info), { lineWidth: 0, aliasDuplicateObjects: false });
}

/**
 * Returns an AsyncAPI 3.1 document as an object.
 *
 * The payload of a message is the JSON Schema of its event type, or anything if there is none.
 */
export function asyncApiDocument(graph: EventGraph, info: AsyncApiInfo): object {
  const keys = new Keys();
  const messages: Record<string, Message> = {};
  const schemas: Record<string, JsonSchema> = {};

  const messageOf = ({ name, version, schema }: GraphEvent): string => {
    const key = keys.of("message", version === 1 ? name : `${name}.v${version}`, schema);
    if (Object.hasOwn(messages, key)) return key;
    const place = `#/components/schemas/${key}`;
    const told = jsonSchemaOf(schema, place);
    if (told) schemas[key] = told;
    messages[key] = {
      name,
      contentType: "application/json",
      ...(version === 1 ? {} : { headers: versionHeader(version) }),
      payload: told ? { $ref: place } : {},
      ...examplesOf(told),
    };
    return key;
  };
  const channelKey = (name: GraphQueue["name"]): string => keys.of("channel", String(name));
  const channelOf = ({ name, events }: GraphQueue): object => ({
    address: String(name),
    title: name.topic,
    description:
      name.kind === "queue"
        ? "A queue: each event to one of its readers."
        : "A topic: each event to every subscription.",
    messages: Object.fromEntries(
      eventsOf(name, events)
        .map(messageOf)
        .map((key) => [key, reference("messages", key)]),
    ),
  });
  const channels = Object.fromEntries(graph.queues.map((queue) => [channelKey(queue.name), channelOf(queue)]));
  const operations = [
    ...graph.publications.flatMap((one) => sendOf(one, channelKey(one.to))),
    ...graph.subscriptions.map((one) => receiveOf(one, channelKey(one.queueName.destination))),
  ];
  return {
    asyncapi: "3.1.0",
    info,
    defaultContentType: "application/json",
    channels,
    operations: Object.fromEntries(operations.map(({ name, ...operation }) => [keys.of("operation", name), operation])),
    components: { messages, ...(Object.keys(schemas).length === 0 ? {} : { schemas }) },
  };
}

/** Returns the events of a queue. Without known ones, it is the event named as the topic, by convention. */
function eventsOf({ topic }: GraphQueue["name"], events: readonly GraphEvent[]): readonly GraphEvent[] {
  return events.length > 0 ? events : [{ name: topic, version: 1, schema: undefined, declared: false }];
}

interface Operation {
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
      channel: { $ref: `#/channels/${channel}` },
    },
  ];
}

function receiveOf({ actor, queueName }: Subscription, channel: string): Operation {
  return {
    name: `${actor}.receives.${queueName}`,
    action: "receive",
    title: actor,
    summary: `The actor ${actor} reads ${queueName}`,
    channel: { $ref: `#/channels/${channel}` },
  };
}

/** Returns the examples of a schema as those of its message. */
function examplesOf({ examples }: JsonSchema = {}): Pick<Message, "examples"> {
  return Array.isArray(examples) ? { examples: examples.map((payload: unknown) => ({ payload })) } : {};
}

function versionHeader(version: number): JsonSchema {
  return { type: "object", properties: { schemaVersion: { const: version } }, required: ["schemaVersion"] };
}

function reference(component: string, key: string): Reference {
  return { $ref: `#/components/${component}/${key}` };
}

/** Gives each thing a key of its own that AsyncAPI allows. */
class Keys {
  readonly #keys = new Map<string, Map<unknown, string>>();
  readonly #taken = new Set<string>();

  /** @param of The thing itself, where a name is not unique, such as a schema. */
  of(kind: string, name: string, of?: unknown): string {
    const known = this.#keys.get(`${kind} ${name}`) ?? new Map<unknown, string>();
    this.#keys.set(`${kind} ${name}`, known);
    // `__proto__` cannot be a plain key, neither here nor in readers of the document.
    const plain =
      name
        .replaceAll(/[^\w.-]/g, "_")
        .replace(/-$/, "")
        .replace(/^__proto__$/, "_proto_") || "_";
    let key = known.get(of) ?? plain;
    for (let number = 2; !known.has(of) && this.#taken.has(`${kind} ${key}`); number++) key = `${plain}_${number}`;
    this.#taken.add(`${kind} ${key}`);
    known.set(of, key);
    return key;
  }
}
