import type { GraphEvent } from "../event-graph.ts";
import { isJsonSchema, jsonSchemaOf, moved, type JsonSchema } from "../json-schema.ts";
import { exampleOf } from "./example-of.ts";
import { referenceTo, type Keys, type Reference } from "./keys.ts";

/** A schema of a registry, as it stands in the document: by its format, or as JSON Schema. */
export interface RegisteredSchema {
  /** The content type of the bodies. */
  readonly contentType: string;
  /** A Multi Format Schema Object, or a JSON Schema. */
  readonly payload: JsonSchema;
}

interface Message {
  readonly name: string;
  readonly contentType: string;
  readonly headers?: JsonSchema;
  readonly payload: JsonSchema | Reference;
  readonly examples?: readonly { readonly payload: unknown }[];
}

/** The messages of the document, and the schemas of their payloads. */
export class Messages {
  readonly #keys: Keys;
  readonly #registered: ReadonlyMap<string, RegisteredSchema>;
  readonly #messages: Record<string, Message> = {};
  readonly #schemas: Record<string, JsonSchema> = {};

  /** @param registered Schemas by the name of their type; they win over those of the code. */
  constructor(keys: Keys, registered: ReadonlyMap<string, RegisteredSchema>) {
    this.#keys = keys;
    this.#registered = registered;
  }

  /** Returns the key of the message of an event type, which it adds. */
  keyOf(event: GraphEvent): string {
    const { name, version, schema } = event;
    const key = this.#keys.of("message", version === 1 ? name : `${name}.v${version}`, schema);
    if (!Object.hasOwn(this.#messages, key)) this.#messages[key] = this.#messageOf(event, key);
    return key;
  }

  /** Returns the messages of event types as references. */
  of(events: readonly GraphEvent[]): Readonly<Record<string, Reference>> {
    const keys = events.map((event) => this.keyOf(event));
    return Object.fromEntries(keys.map((key) => [key, referenceTo("components", "messages", key)]));
  }

  get components(): object {
    const schemas = this.#schemas;
    return { messages: this.#messages, ...(Object.keys(schemas).length === 0 ? {} : { schemas }) };
  }

  #messageOf({ name, version, schema }: GraphEvent, key: string): Message {
    const { $ref: place } = referenceTo("components", "schemas", key);
    const registered = this.#registered.get(name);
    const told = registered ? moved(registered.payload, place) : jsonSchemaOf(schema, place);
    if (told) this.#schemas[key] = told;
    return {
      name,
      contentType: registered?.contentType ?? "application/json",
      ...(version === 1 ? {} : { headers: versionHeader(version) }),
      payload: told ? { $ref: place } : {},
      ...(told && isJsonSchema(told) && examplesOf(told, { components: { schemas: { [key]: told } } })),
    };
  }
}

/** Returns the examples of a schema as those of its message; without any, one that is made. */
function examplesOf(schema: JsonSchema, root: object): Pick<Message, "examples"> {
  const { examples } = schema;
  if (Array.isArray(examples)) return { examples: examples.map((payload: unknown) => ({ payload })) };
  const made = exampleOf(schema, root);
  return made ? { examples: [{ payload: made.value }] } : {};
}

function versionHeader(version: number): JsonSchema {
  return { type: "object", properties: { schemaVersion: { const: version } }, required: ["schemaVersion"] };
}
