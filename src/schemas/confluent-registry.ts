import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { redact } from "../base/redact.ts";
import type { FormatName } from "./format.ts";
import {
  compatibilities,
  type Compatibility,
  type NewSchema,
  type SchemaRegistry,
  type SchemaVersion,
} from "./registry.ts";

/** The options of {@link confluentRegistry}. */
export interface ConfluentOptions {
  /** The headers of each request, such as the authorization. @default None. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Returns the subject of an event type. @default `OrderPlaced-value`, that of a topic of the same name */
  readonly subject?: ((eventType: string) => string) | undefined;
  /** Sends the requests, for tests. @default The fetch of Node. */
  readonly fetch?: typeof fetch | undefined;
}

/** The longest wait for an answer, in ms. */
const timeoutMs = 10_000;

const formats: Readonly<Record<string, FormatName>> = { AVRO: "avro", JSON: "json", PROTOBUF: "protobuf" };
const suffix = "-value";

/**
 * Returns the registry of a server with the interface of Confluent: Karapace, Redpanda, Apicurio, Confluent.
 *
 * Bodies have the wire format of Confluent, which other languages read. The server has modes of compatibility, and
 * checks new schemas itself, too.
 *
 * @example
 * confluentRegistry("https://registry.example", { headers: { authorization: `Basic ${credentials}` } });
 */
export function confluentRegistry(url: string, options: ConfluentOptions = {}): SchemaRegistry {
  const { subject: subjectOf = (eventType) => `${eventType}${suffix}` } = options;
  const ask = asking(url, options);
  const versionOf = (subject: string, answer: Answer): SchemaVersion => ({
    subject,
    version: answer.version ?? 0,
    id: String(answer.id),
    format: formats[answer.schemaType ?? "AVRO"] ?? "avro",
    schema: answer.schema ?? "",
  });
  const at = (eventType: string): string => `/subjects/${encodeURIComponent(subjectOf(eventType))}/versions`;
  return {
    framed: true,
    async subjects() {
      const names = ((await ask("GET", "/subjects")) ?? []) as readonly string[];
      return names.map((name) => (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name));
    },
    async versions(eventType) {
      const numbers = ((await ask("GET", at(eventType))) ?? []) as readonly number[];
      const ordered = numbers.toSorted((one, other) => one - other);
      const answers = await Promise.all(ordered.map((number) => ask("GET", `${at(eventType)}/${number}${serialized}`)));
      return answers.map((answer) => versionOf(eventType, answer as Answer));
    },
    async find(id) {
      const path = `/schemas/ids/${encodeURIComponent(id)}`;
      const answer = (await ask("GET", `${path}${serialized}`)) as Answer | undefined;
      if (!answer) return undefined;
      const uses = ((await ask("GET", `${path}/versions`)) ?? []) as readonly { subject: string; version: number }[];
      const { subject, version } = uses[0] ?? { subject: "", version: 0 };
      const eventType = subject.endsWith(suffix) ? subject.slice(0, -suffix.length) : subject;
      return { ...versionOf(eventType, { ...answer, version }), id };
    },
    async compatibility(eventType) {
      const name = encodeURIComponent(subjectOf(eventType));
      const own = (await ask("GET", `/config/${name}?defaultToGlobal=true`)) as Mode | undefined;
      const answer = own ?? ((await ask("GET", "/config")) as Mode | undefined);
      return modeOf(answer?.compatibilityLevel);
    },
    async add({ subject, format, schema }: NewSchema, version) {
      const schemaType = Object.keys(formats).find((name) => formats[name] === format);
      const answer = (await ask("POST", at(subject), { schema, schemaType })) as Answer;
      return { subject, version, id: String(answer.id), format, schema };
    },
  };
}

/** Asks for Protobuf as a descriptor set; other formats ignore it. */
const serialized = "?format=serialized";

interface Answer {
  readonly id?: number;
  readonly version?: number;
  readonly schema?: string;
  readonly schemaType?: string;
}

interface Mode {
  readonly compatibilityLevel?: string;
}

function modeOf(level = "BACKWARD"): Compatibility {
  const mode = level.toLowerCase().replaceAll("_", "-");
  return compatibilities.find((one) => one === mode) ?? "backward";
}

type Ask = (method: "GET" | "POST", path: string, body?: object) => Promise<unknown>;

/** Returns a function that sends a request. It returns `undefined` for what is not there. */
function asking(url: string, { headers = {}, fetch: send = fetch }: ConfluentOptions): Ask {
  const base = url.replace(/\/+$/, "");
  const type = "application/vnd.schemaregistry.v1+json";
  return async (method, path, body) => {
    let response: Response;
    try {
      response = await send(`${base}${path}`, {
        method,
        headers: { accept: type, ...(body && { "content-type": type }), ...headers },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (cause) {
      throw failed("Unavailable", `cannot be reached: ${messageOf(cause)}`, cause);
    }
    if (response.status === 404) return undefined;
    if (response.ok) return await response.json();
    const { message = response.statusText } = (await response.json().catch(() => ({}))) as { message?: string };
    const reason = `${method} ${path} returned ${response.status}: ${redact(message).slice(0, 500)}`;
    if (response.status === 401 || response.status === 403) throw failed("AccessDenied", reason);
    if (response.status === 409 || response.status === 422) throw failed("InvalidConfiguration", reason);
    throw failed("Unavailable", reason);
  };
}

function failed(
  code: "Unavailable" | "AccessDenied" | "InvalidConfiguration",
  reason: string,
  cause?: unknown,
): BeeHiveError {
  return new BeeHiveError(code, `The schema registry ${reason}.`, { cause });
}
