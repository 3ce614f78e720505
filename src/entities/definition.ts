import type { StandardSchemaV1 } from "@standard-schema/spec";
import { throwProblems } from "../base/problems.ts";
import type { Received } from "../base/json-value.ts";
import { checkedName } from "../contract/keys.ts";
import type { Keep } from "../events/event-type-options.ts";
import type { MergePatch } from "./merge-patch.ts";

/** The options of {@link entity}. */
export interface EntityOptions<Field extends string = string> {
  /**
   * Fields that hold the id of another entity, with its type. Writes check that it exists; it cannot be deleted before.
   *
   * Each is an index, too.
   *
   * @default {}
   */
  readonly references?: Readonly<Partial<Record<Field, string>>> | undefined;
  /** Fields by which entities are listed. Texts, numbers and booleans have an entry. @default [] */
  readonly indexes?: readonly Field[] | undefined;
  /** How the topic of its changes keeps them, see docs/log.md. @default Not at all. */
  readonly keep?: Keep | undefined;
}

/** A type of entity: its schema, references and indexes. Made by {@link entity}. */
export interface EntityDefinition<S extends StandardSchemaV1 = StandardSchemaV1> extends EntityOptions {
  readonly schema: S;
}

/** Types of entities by their names: a schema, or what {@link entity} returns. */
export type Definitions = Readonly<Record<string, StandardSchemaV1 | EntityDefinition>>;

type SchemaOf<D> = D extends StandardSchemaV1 ? D : D extends EntityDefinition<infer S> ? S : never;
type Fields<T> = T extends unknown ? Omit<T, "id" | "version"> : never;
type FieldOf<S extends StandardSchemaV1> = Exclude<keyof StandardSchemaV1.InferOutput<S> & string, "id">;

/** An entity as it is stored: the output of its schema after JSON, its id and its version. */
export type Entity<D> = Fields<Received<StandardSchemaV1.InferOutput<SchemaOf<D>>>> & {
  readonly id: string;
  /** Counts the changes of the id from 1, also beyond a deletion. */
  readonly version: number;
};

/** An entity to write. @see Entity The id is a random UUID where it is left out. */
export type EntityInput<D> = Fields<StandardSchemaV1.InferInput<SchemaOf<D>>> & { readonly id?: string | undefined };

/** A change of an entity by JSON merge patch. */
export type EntityPatch<D> = MergePatch<Fields<StandardSchemaV1.InferInput<SchemaOf<D>>>>;

/** The acts on an entity that its event names. */
export type EntityAct = "created" | "updated" | "deleted";

/** The body of the event of a change. */
export interface EntityChange<E> {
  readonly id: string;
  readonly version: number;
  readonly act: EntityAct;
  /** A copy of the entity; `null` after it was deleted. */
  readonly entity: E | null;
  /** The names of the fields that changed. */
  readonly changed: readonly string[];
  /** The one who changed it; `null` when the caller named nobody. */
  readonly by: string | null;
}

/**
 * Defines a type of entity with references and indexes. A schema alone needs no call.
 *
 * @param schema Any Standard Schema, also an asynchronous one. It sees the entity with its id. The values that it returns
 *   are stored, and must fit it again.
 * @example
 * const Member = entity(z.object({ company: z.string(), name: z.string() }), {
 *   references: { company: "Company" },
 *   indexes: ["name"],
 * });
 */
export function entity<S extends StandardSchemaV1>(
  schema: S,
  options: EntityOptions<FieldOf<S>> = {},
): EntityDefinition<S> {
  return { schema, ...(options as EntityOptions) };
}

/** A definition with every option. */
export interface CheckedDefinition {
  readonly type: string;
  readonly schema: StandardSchemaV1;
  readonly references: ReadonlyMap<string, string>;
  /** All indexes, those of references included. */
  readonly indexes: readonly string[];
  readonly keep: Keep | undefined;
  /** The fields of all types that refer to this one. */
  readonly referrers: readonly { readonly type: string; readonly field: string }[];
}

const maxName = 32;
const typeShape = /^[A-Z][A-Za-z0-9]*$/;
const fieldShape = /^[A-Za-z_$][\w$]*$/;

/** Returns the definitions by their names. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function checkedDefinitions(name: string, given: Definitions): ReadonlyMap<string, CheckedDefinition> {
  checkedName("the name of entities", name);
  const all = Object.entries(given).map(([type, one]) => ({ type, ...("~standard" in one ? { schema: one } : one) }));
  const types = new Set(all.map(({ type }) => type));
  throwProblems(
    all.flatMap((one) => problemsOf(one, types)),
    `The entities ${name} cannot be made`,
  );
  return new Map(
    all.map(({ type, schema, references = {}, indexes = [], keep }) => {
      const referrers = all.flatMap((other) =>
        Object.entries(other.references ?? {}).flatMap(([field, to]) =>
          to === type ? [{ type: other.type, field }] : [],
        ),
      );
      const fields = Object.entries(references) as [string, string][];
      const indexed = [...new Set([...fields.map(([field]) => field), ...indexes])];
      return [type, { type, schema, references: new Map(fields), indexes: indexed, keep, referrers }];
    }),
  );
}

function problemsOf(one: EntityDefinition & { readonly type: string }, types: ReadonlySet<string>): string[] {
  const { type, schema, references = {}, indexes = [] } = one;
  const problems: string[] = [];
  if (!typeShape.test(type) || type.length > maxName)
    problems.push(`"${type}" must be a capital letter, then up to ${maxName - 1} letters or digits`);
  if (typeof schema?.["~standard"]?.validate !== "function")
    problems.push(`${type} has no Standard Schema: entity(schema, options)`);
  for (const field of [...Object.keys(references), ...indexes])
    if (!fieldShape.test(field) || field.length > maxName || field === "id" || field === "version")
      problems.push(`"${field}" of ${type} must be the name of a field, of at most ${maxName} letters or digits`);
  for (const [field, to] of Object.entries(references))
    if (!types.has(String(to))) problems.push(`${type}.${field} refers to "${to}", which is not among the entities`);
  return problems;
}
