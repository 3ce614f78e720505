import { BeeHiveError } from "../base/errors.ts";
import { formatNames, type FormatName, type SchemaFormat } from "./format.ts";

/**
 * The changes of a schema that a registry allows.
 *
 * - `backward`: readers of the new version read events of the one before. Deploy readers first.
 * - `forward`: readers of the version before read new events. Deploy publishers first.
 * - `full`: both. With `-transitive` the new version is held against all versions, not the last alone.
 * - `none`: any change.
 */
export type Compatibility =
  | "backward"
  | "backward-transitive"
  | "forward"
  | "forward-transitive"
  | "full"
  | "full-transitive"
  | "none";

/** All modes of compatibility. */
export const compatibilities: readonly Compatibility[] = [
  "backward",
  "backward-transitive",
  "forward",
  "forward-transitive",
  "full",
  "full-transitive",
  "none",
];

/** A version of the schema of a subject. */
export interface SchemaVersion {
  /** The name of the event type. */
  readonly subject: string;
  /** Counts the versions of the subject from 1. */
  readonly version: number;
  /** The id that travels with each event. */
  readonly id: string;
  readonly format: FormatName;
  /** The schema as text: JSON Schema, an Avro schema, or a descriptor set of Protobuf as base64. */
  readonly schema: string;
}

/** A schema without a place in a registry. */
export type NewSchema = Pick<SchemaVersion, "subject" | "format" | "schema">;

/**
 * Keeps the versions of schemas by subject. A version never changes.
 *
 * See {@link schemaFolder}, {@link schemaCollection} and {@link confluentRegistry}.
 */
export interface SchemaRegistry {
  /** True for the wire format of Confluent: each body begins with the id of its schema. @default false */
  readonly framed?: boolean;
  subjects(): Promise<readonly string[]>;
  /** Returns the versions of a subject, oldest first; empty for an unknown one. */
  versions(subject: string): Promise<readonly SchemaVersion[]>;
  /** Returns the version of an id; `undefined` for an unknown one. */
  find(id: string): Promise<SchemaVersion | undefined>;
  /** Returns the mode of a subject. */
  compatibility(subject: string): Promise<Compatibility>;
  /**
   * Adds a version without a check of its compatibility, see {@link pushSchema}. Returns a version that is there.
   *
   * @throws BeeHiveError `ConcurrencyConflict` when another version was added meanwhile.
   */
  add(schema: NewSchema, version: number): Promise<SchemaVersion>;
}

/** Returns the id of a version in a registry of BeeHive. */
export function schemaId(subject: string, version: number): string {
  return `${subject}/${version}`;
}

/** Returns the subject and the version of an id of {@link schemaId}; `undefined` for another text. */
export function partsOfId(id: string): { readonly subject: string; readonly version: number } | undefined {
  const [, subject, version] = /^(.+)\/([1-9]\d*)$/.exec(id) ?? [];
  return subject === undefined ? undefined : { subject, version: Number(version) };
}

/** Returns the format of a name. @throws BeeHiveError `InvalidConfiguration` for one that is not among the formats. */
export function formatOf(name: FormatName, formats: readonly SchemaFormat[]): SchemaFormat {
  const found = formats.find((format) => format.name === name);
  if (found) return found;
  const entry: Readonly<Record<FormatName, string>> = { json: "json-schema", avro: "avro", protobuf: "protobuf" };
  throw new BeeHiveError(
    "InvalidConfiguration",
    `A schema is of the format ${name}, which is not among the formats. Add that of beehive-actors/${entry[name]}.`,
  );
}

/** Returns the format of a file by its name; `undefined` for other files. */
export function formatOfFile(name: string): FormatName | undefined {
  return formatNames.find((format) => name.endsWith(extensions[format]));
}

/** The extensions of schema files. */
export const extensions: Readonly<Record<FormatName, string>> = {
  json: ".schema.json",
  avro: ".avsc",
  protobuf: ".binpb",
};
