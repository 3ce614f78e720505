import { BeeHiveError } from "../base/errors.ts";
import type { Incompatibility, Newer, SchemaFormat } from "./format.ts";
import { formatOf, type Compatibility, type NewSchema, type SchemaRegistry, type SchemaVersion } from "./registry.ts";

/**
 * Returns why a new schema is not compatible with the versions before, in sentences; empty when it is.
 *
 * @param before The versions before it, oldest first.
 * @example
 * // `currency` is new and has no default: readers of version 2 cannot read old events
 * incompatibilities(next, versions, "backward", [avro()]);
 */
export function incompatibilities(
  next: NewSchema,
  before: readonly SchemaVersion[],
  mode: Compatibility,
  formats: readonly SchemaFormat[],
): readonly string[] {
  if (mode === "none") return [];
  const against = mode.endsWith("-transitive") ? before : before.slice(-1);
  const version = (before.at(-1)?.version ?? 0) + 1;
  return against.flatMap((older) => {
    if (older.format !== next.format)
      return [`the format is ${next.format}, that of version ${older.version} is ${older.format}`];
    const format = formatOf(next.format, formats);
    const compare = (reader: NewSchema, writer: NewSchema, newer: Newer): readonly Incompatibility[] =>
      format.incompatibilities(reader.schema, writer.schema, newer);
    const events = older.version === version - 1 ? "old events" : `events of version ${older.version}`;
    return [
      ...(mode.startsWith("forward")
        ? []
        : sentences(compare(next, older, "reader"), `readers of version ${version} cannot read ${events}`)),
      ...(mode.startsWith("backward")
        ? []
        : sentences(compare(older, next, "writer"), `readers of version ${older.version} cannot read new events`)),
    ];
  });
}

function sentences(found: readonly Incompatibility[], consequence: string): readonly string[] {
  return found.map(({ path, reason }) => `${path === "" ? "the body" : `\`${path}\``} ${reason}: ${consequence}`);
}

/** The result of {@link pushSchema}. */
export interface PushedSchema {
  readonly schema: SchemaVersion;
  /** False for a schema that was there already. */
  readonly isNew: boolean;
}

/**
 * Adds a schema to a registry as the next version of its subject. A version that is the same stays.
 *
 * @throws BeeHiveError `InvalidConfiguration` with each incompatibility, or for a text that is no schema.
 * @example
 * await pushSchema(schemaFolder("schemas"), { subject: "OrderPlaced", format: "avro", schema }, [avro()]);
 */
export async function pushSchema(
  registry: SchemaRegistry,
  next: NewSchema,
  formats: readonly SchemaFormat[],
): Promise<PushedSchema> {
  formatOf(next.format, formats).compile(next.schema);
  const before = await registry.versions(next.subject);
  const latest = before.at(-1);
  const known = before.findLast((one) => isSameSchema(one, next));
  if (known) return { schema: known, isNew: false };
  const problems = incompatibilities(next, before, await registry.compatibility(next.subject), formats);
  if (problems.length > 0) throw incompatible(next.subject, problems);
  return { schema: await registry.add(next, (latest?.version ?? 0) + 1), isNew: true };
}

/** Returns whether two schemas are the same, whatever their spaces. */
export function isSameSchema(one: NewSchema, other: NewSchema): boolean {
  return one.format === other.format && canonical(one) === canonical(other);
}

function canonical({ format, schema }: NewSchema): string {
  if (format === "protobuf") return schema;
  try {
    return JSON.stringify(sorted(JSON.parse(schema)));
  } catch {
    return schema;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== "$schema");
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, sorted(one)]));
}

function incompatible(subject: string, problems: readonly string[]): BeeHiveError {
  return new BeeHiveError(
    "InvalidConfiguration",
    `The schema of ${subject} is not compatible: ${problems.join("; ")}. ` +
      `Mend it, or give the change a topic of its own: beehive schema fork ${subject} --to ${subject}_v2`,
  );
}
