import { parse } from "yaml";
import { messageOf } from "../../base/error-text.ts";
import type { FormatName, SchemaFormat } from "../../schemas/format.ts";
import { formatOf } from "../../schemas/registry.ts";
import { UsageError } from "../exit-code.ts";
import { descriptorSet } from "./registered.ts";

/** The parts of an AsyncAPI document that are compared. */
interface Contract {
  readonly channels?: Readonly<Record<string, Channel>>;
  readonly operations?: Readonly<
    Record<string, { readonly action?: string; readonly channel?: { readonly $ref?: string } }>
  >;
  readonly components?: {
    readonly messages?: Readonly<Record<string, { readonly name?: string; readonly payload?: unknown }>>;
    readonly schemas?: Readonly<Record<string, unknown>>;
  };
}

interface Channel {
  readonly address?: string | null;
  readonly messages?: Readonly<Record<string, unknown>>;
}

/** The schema of a message. */
interface Payload {
  readonly format: FormatName;
  /** The text for the {@link SchemaFormat}. */
  readonly text: string;
  /** The field that its events are ordered by, where the schema names one. */
  readonly partitionKey: unknown;
}

/** The words for formats in sentences. */
const formatTexts: Readonly<Record<FormatName, string>> = { json: "JSON Schema", avro: "Avro", protobuf: "Protobuf" };

/** Reads an AsyncAPI document. @throws UsageError for another text. */
export function contractIn(file: string, text: string): Contract {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw new UsageError(`${file} is neither YAML nor JSON: ${messageOf(cause)}`, { cause });
  }
  const version = String((Object(document) as { readonly asyncapi?: unknown }).asyncapi);
  if (version.startsWith("3.")) return document as Contract;
  throw new UsageError(`${file} is no AsyncAPI 3 document, as beehive graph --format asyncapi writes it.`);
}

/** Returns the formats of the schemas of contracts. */
export function formatsIn(...contracts: readonly Contract[]): ReadonlySet<FormatName> {
  const payloads = contracts.flatMap((one) => messagesOf(one).map((message) => payloadOf(one, message)));
  return new Set(payloads.map(({ format }) => format));
}

/**
 * Returns the changes of a contract that break other teams, in sentences.
 *
 * Readers elsewhere must read the new events, and this application must read those from before.
 *
 * @param formats Those of both contracts.
 */
export function contractBreaks(before: Contract, after: Contract, formats: readonly SchemaFormat[]): readonly string[] {
  return Object.entries(before.channels ?? {}).flatMap(([key, { address, messages = {} }]) => {
    const name = address ?? key;
    const [nowKey, channel] = channelLike(after, key, address) ?? [];
    if (nowKey === undefined) return [`${name} is gone`];
    return [
      ...(isSentTo(before, key) && !isSentTo(after, nowKey) ? [`${name} gets no events of this application`] : []),
      ...Object.keys(messages).flatMap((message) =>
        Object.hasOwn(channel?.messages ?? {}, message)
          ? bodyBreaks(message, payloadOf(before, message), payloadOf(after, message), formats)
          : [`${name} no longer has ${message}`],
      ),
    ];
  });
}

/** Returns the changes of the body of a message that one side cannot read. */
function bodyBreaks(
  message: string,
  older: Payload,
  newer: Payload,
  formats: readonly SchemaFormat[],
): readonly string[] {
  const [was, is] = [older.partitionKey, newer.partitionKey];
  const keys = was === undefined || was === is ? [] : [`from ${keyText(was)} to ${keyText(is)}`];
  const breaks = keys.map(
    (change) => `${message}: its partition key changes ${change}: readers lose the order of events`,
  );
  if (older.format !== newer.format)
    return [
      `${message}: the body changes from ${formatTexts[older.format]} to ${formatTexts[newer.format]}`,
      ...breaks,
    ];
  const format = formatOf(older.format, formats);
  const found = (reader: Payload, writer: Payload, side: "reader" | "writer", what: string): readonly string[] =>
    format
      .incompatibilities(reader.text, writer.text, side)
      .map(({ path, reason }) => `${message}: ${path === "" ? "the body" : `\`${path}\``} ${reason}: ${what}`);
  return [
    ...found(newer, older, "reader", "this application cannot read events from before"),
    ...found(older, newer, "writer", "others cannot read new events"),
    ...breaks,
  ];
}

/** Returns the channel with the key and address of another; else one with its address. */
function channelLike(
  { channels = {} }: Contract,
  key: string,
  address: string | null = key,
): readonly [key: string, Channel] | undefined {
  const same = Object.entries(channels).filter(([name, one]) => (one.address ?? name) === (address ?? key));
  return same.find(([name]) => name === key) ?? same[0];
}

function isSentTo({ operations = {} }: Contract, key: string): boolean {
  return Object.values(operations).some(
    ({ action, channel }) => action === "send" && channel?.$ref === `#/channels/${key}`,
  );
}

function messagesOf({ channels = {} }: Contract): readonly string[] {
  return Object.values(channels).flatMap(({ messages = {} }) => Object.keys(messages));
}

/** Returns the schema of a message as a document of its own. */
function payloadOf({ components = {} }: Contract, message: string): Payload {
  const payload = objectIn(components.messages?.[message]?.payload);
  const key = /^#\/components\/schemas\/(.+)$/.exec(textIn(payload["$ref"]))?.[1] ?? "";
  const schema = objectIn(components.schemas?.[key] ?? payload);
  const { schemaFormat, schema: inner, [descriptorSet]: set } = schema;
  const { "x-partition-key": partitionKey } = objectIn(inner ?? schema);
  if (typeof set === "string") return { format: "protobuf", text: set, partitionKey };
  if (textIn(schemaFormat).includes("avro")) return { format: "avro", text: JSON.stringify(inner ?? {}), partitionKey };
  return { format: "json", text: JSON.stringify({ components, ...payload }), partitionKey };
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  return Object(value) as Readonly<Record<string, unknown>>;
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function keyText(key: unknown): string {
  return key === undefined ? "none" : `\`${typeof key === "string" ? key : JSON.stringify(key)}\``;
}
