import { BeeHiveError } from "../base/errors.ts";
import { checkedOptions } from "../base/checked-number.ts";
import type { Codec, CodecEvent } from "../contract/codec.ts";
import { isJson, type Body } from "../events/body.ts";
import { bytesOf } from "./body-text.ts";
import { isSameSchema } from "./compatibility.ts";
import type { CompiledSchema, SchemaFormat } from "./format.ts";
import { framed, framedFormat, framedType, unframed } from "./frame.ts";
import { formatOf, type SchemaRegistry, type SchemaVersion } from "./registry.ts";

/** The options of {@link schemaCodec}. */
export interface SchemaCodecOptions {
  /** The registry in which readers find the schemas of writers. */
  readonly registry: SchemaRegistry;
  /** The formats of its schemas. */
  readonly formats: readonly SchemaFormat[];
  /**
   * The registry with the schemas of this code: its latest versions write and read. They must be in the registry, too.
   *
   * @default the registry
   */
  readonly own?: SchemaRegistry | undefined;
  /** Refuses events of types without a schema. @default false */
  readonly required?: boolean | undefined;
  /** The versions of events that name none, by event type: of other senders. @default Such events are refused. */
  readonly unversioned?: Readonly<Record<string, number>> | undefined;
}

/** A version with its schema, ready to use. */
interface Ready {
  readonly version: SchemaVersion;
  readonly format: SchemaFormat;
  readonly compiled: CompiledSchema;
}

/**
 * Encodes events by the schemas of their types. The id of the schema travels in the content type.
 *
 * The subject of a schema is the name of the event type. A body that its schema forbids is not published. Types without
 * a schema travel as they are. Schemas are read once in a process.
 *
 * @throws BeeHiveError `InvalidConfiguration` for missing options.
 * @example
 * const codec = schemaCodec({ registry: schemaFolder("schemas"), formats: [avro()] });
 */
export function schemaCodec(options: SchemaCodecOptions): Codec {
  checkedOptions("schemaCodec", options);
  if (typeof options.registry?.find !== "function" || !Array.isArray(options.formats))
    throw new BeeHiveError("InvalidConfiguration", "schemaCodec: give a registry and the formats of its schemas.");
  return new SchemaCodec(options);
}

class SchemaCodec implements Codec {
  readonly #options: SchemaCodecOptions;
  readonly #latest = new Map<string, Promise<Ready | undefined>>();
  readonly #written = new Map<string, Promise<Ready | undefined>>();
  readonly #byId = new Map<string, Promise<Ready | undefined>>();

  constructor(options: SchemaCodecOptions) {
    this.#options = options;
  }

  async encode(plain: Body, event: CodecEvent): Promise<Body> {
    const own = await this.#registered(event.eventType);
    if (!own) {
      if (!this.#options.required) return plain;
      throw refused(event, `its type has no schema in the registry. Add one: beehive schema push`);
    }
    const body = own.compiled.encode(valueOf(plain, event));
    const { registry } = this.#options;
    const { id } = own.version;
    const { name } = own.format;
    if (registry.framed) return { contentType: framedType(name), body: framed(name, id, bytesOf({ ...plain, body })) };
    return { contentType: `${own.format.contentType}; schema="${id}"`, body };
  }

  async decode(travelling: Body, event: CodecEvent): Promise<Body> {
    const inFrame = framedFormat(travelling.contentType);
    const frame = inFrame && unframed(inFrame, bytesOf(travelling));
    const id = frame ? frame.id : await this.#idOf(travelling, event);
    if (id === undefined) return travelling;
    const writer = await this.#find(id);
    if (!writer) throw unreadable(`the registry has no schema "${id}"`);
    if (writer.format.name === "json" && !frame) return travelling;
    const own = await this.#own(event.eventType);
    const reader = own?.format.name === writer.format.name ? own.compiled : writer.compiled;
    const text = writer.compiled.decode(frame ? frame.body : bytesOf(travelling), reader);
    return { contentType: "application/json", body: text };
  }

  /** Returns the id of the schema of a body; `undefined` for a body without a schema. */
  async #idOf({ contentType }: Body, event: CodecEvent): Promise<string | undefined> {
    const format = this.#options.formats.find((one) => mediaTypeOf(contentType) === one.contentType);
    if (!format) return undefined;
    const id = /;\s*schema="([^"]+)"/i.exec(contentType)?.[1];
    if (id !== undefined || format.name === "json") return id;
    return await this.#unversioned(event, contentType);
  }

  /** Never guesses: an event that names no version has the one of the options. */
  async #unversioned({ eventType }: CodecEvent, contentType: string): Promise<string> {
    const versions = await this.#options.registry.versions(eventType);
    const wanted = this.#options.unversioned?.[eventType];
    const found = versions.find(({ version }) => version === wanted);
    if (found) return found.id;
    const known = versions.map(({ version }) => version).join(", ") || "none";
    throw unreadable(
      wanted === undefined
        ? `its content type ${contentType} names no schema, and versions of ${eventType} are ${known}. ` +
            `Say which it is: unversioned: { ${eventType}: 1 }`
        : `it is read as version ${wanted} of ${eventType}, and versions are ${known}`,
    );
  }

  /** Returns the schema by which this code reads a subject; `undefined` for a subject without one. */
  #own(subject: string): Promise<Ready | undefined> {
    return once(this.#latest, subject, async () => {
      const { registry, own = registry } = this.#options;
      const latest = (await own.versions(subject)).at(-1);
      return latest && this.#ready(latest);
    });
  }

  /** Returns the schema by which this code writes a subject, as it is in the registry. */
  #registered(subject: string): Promise<Ready | undefined> {
    const { registry, own = registry } = this.#options;
    if (own === registry) return this.#own(subject);
    return once(this.#written, subject, async () => {
      const latest = await this.#own(subject);
      if (!latest) return undefined;
      const version = (await registry.versions(subject)).find((one) => isSameSchema(one, latest.version));
      if (version) return { ...latest, version };
      throw new BeeHiveError(
        "InvalidEvent",
        `Version ${latest.version.version} of the schema of ${subject} is not in the registry. ` +
          "Push it: beehive schema push",
      );
    });
  }

  #find(id: string): Promise<Ready | undefined> {
    return once(this.#byId, id, async () => {
      const version = await this.#options.registry.find(id);
      return version && this.#ready(version);
    });
  }

  #ready(version: SchemaVersion): Ready {
    const format = formatOf(version.format, this.#options.formats);
    return { version, format, compiled: format.compile(version.schema) };
  }
}

/** Makes a value once. One that could not be made, or is not there, is made again. */
function once<T>(
  made: Map<string, Promise<T | undefined>>,
  key: string,
  make: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const known = made.get(key);
  if (known) return known;
  const making = make().then(
    (value) => {
      if (value === undefined) made.delete(key);
      return value;
    },
    (error: unknown) => {
      made.delete(key);
      throw error;
    },
  );
  made.set(key, making);
  return making;
}

function valueOf({ contentType, body }: Body, event: CodecEvent): unknown {
  if (!isJson(contentType))
    throw refused(event, `its type has a schema, and its content type is ${contentType}: give a JSON value`);
  try {
    return JSON.parse(typeof body === "string" ? body : Buffer.from(body).toString()) as unknown;
  } catch {
    // The error of JSON.parse quotes the text; bodies do not belong in errors.
    throw refused(event, "its type has a schema, and its body is not JSON");
  }
}

function mediaTypeOf(contentType: string): string {
  return contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function refused({ eventType, id }: CodecEvent, reason: string): BeeHiveError {
  return new BeeHiveError("InvalidEvent", `The event ${eventType} ${id} is not published: ${reason}.`);
}

function unreadable(reason: string): BeeHiveError {
  return new BeeHiveError("BodyUnreadable", `${reason}.`);
}
