import { randomUUID } from "node:crypto";
import { BeeHiveError } from "../base/errors.ts";
import { problemsIn, type BodyProblem } from "../events/schema-problems.ts";
import { actOf, write, type Change, type EntityRow, type EntityRows, type Fields } from "./changes.ts";
import type { CheckedDefinition } from "./definition.ts";
import { InvalidEntity, noEntity, staleVersion } from "./errors.ts";
import { checkedId, entityRow, idInIndexRow, indexRange, referenceRow } from "./keys.ts";
import { isObject, mergePatched } from "./merge-patch.ts";

/** An entry of a graph, of any type. */
export interface AnyEntry {
  readonly type: string;
  readonly id?: string | undefined;
  readonly as?: string | undefined;
  readonly version?: number | undefined;
  readonly create?: unknown;
  readonly put?: unknown;
  readonly update?: unknown;
  readonly patch?: unknown;
  readonly delete?: boolean | undefined;
}

const acts = ["create", "put", "update", "patch", "delete"] as const;
type Act = (typeof acts)[number];

/** An entry with its act and its id. */
interface Planned {
  readonly definition: CheckedDefinition;
  readonly id: string;
  readonly act: Act;
  readonly given: unknown;
  readonly version: number | undefined;
  /** The place of the entry in texts of problems; empty for one alone. */
  readonly place: string;
}

/** The rights of the one who changes entities. */
export interface Rights {
  /** Returns whether the entity may be seen. */
  sees(definition: CheckedDefinition, row: EntityRow): boolean;
  /** @throws BeeHiveError `AccessDenied` for a change that is not permitted. */
  permit(change: Change): void;
}

/** The most bytes of an entity as JSON: its event must fit each provider. */
const maxBytes = 200_000;

/**
 * Changes entities of a graph, all or none. Returns the changes in the order of the entries.
 *
 * Looks at everything before the first write, so that a refusal inside of a step leaves nothing behind.
 */
export async function changeGraph(
  definitions: ReadonlyMap<string, CheckedDefinition>,
  entries: readonly AnyEntry[],
  items: EntityRows,
  rights: Rights,
): Promise<readonly Change[]> {
  const planned = plan(definitions, entries);
  const changes = await settled(planned.map((one) => changeOf(one, items, rights)));
  for (const change of changes) rights.permit(change);
  const graph = new Map(changes.map((change) => [rowOf(change), change]));
  const problems = await settled(changes.map((change, n) => missingOf(change, graph, items, planned[n] as Planned)));
  if (problems.flat().length > 0) throw new InvalidEntity(whatOf(planned), problems.flat());
  for (const change of changes) if (actOf(change) === "deleted") await assertUnused(change, graph, items);
  for (const change of changes) if (actOf(change)) await write(change, items);
  return changes;
}

/** Returns all results, and leaves no call of a store under way when one of them fails. */
async function settled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

function rowOf({ definition, id }: Pick<Change, "definition" | "id">): string {
  return entityRow(definition.type, id);
}

function whatOf(planned: readonly Planned[]): string {
  const [one] = planned;
  return planned.length === 1 && one ? `${one.definition.type} "${one.id}"` : "The graph";
}

function plan(definitions: ReadonlyMap<string, CheckedDefinition>, entries: readonly AnyEntry[]): Planned[] {
  const names = new Map<string, string>();
  const planned = entries.map((entry, n): Planned => {
    const place = entries.length === 1 ? "" : `${n}.`;
    const definition = definitions.get(entry?.type);
    if (!definition) throw wrongEntry(n, `type must be one of ${[...definitions.keys()].join(", ")}`);
    const given = acts.filter((act) => entry[act] !== undefined && entry[act] !== false);
    const [act] = given;
    if (act === undefined || given.length > 1) throw wrongEntry(n, `it must have one of ${acts.join(", ")}`);
    const body: unknown = entry[act];
    if (act !== "delete" && !isObject(body)) throw wrongEntry(n, `${act} must be an object`);
    const inBody = isObject(body) ? body["id"] : undefined;
    const id = checkedId(entry.id ?? inBody ?? (act === "create" ? randomUUID() : undefined));
    if (inBody !== undefined && inBody !== id) throw wrongEntry(n, "the id of an entity cannot change");
    if (entry.as !== undefined) names.set(entry.as, id);
    return { definition, id, act, given: body, version: entry.version, place };
  });
  const rows = new Set<string>();
  for (const [n, one] of planned.entries()) {
    if (rows.has(rowOf(one))) throw wrongEntry(n, `${one.definition.type} "${one.id}" is in the graph twice`);
    rows.add(rowOf(one));
  }
  return planned.map((one) => ({ ...one, given: resolved(one, names) }));
}

function wrongEntry(n: number, why: string): BeeHiveError {
  return new InvalidEntity("The graph", [{ path: String(n), problem: why }]);
}

/** Returns what is given, with the ids of entries in place of their names: `#acme`. */
function resolved({ definition, given }: Planned, names: ReadonlyMap<string, string>): unknown {
  if (!isObject(given) || names.size === 0) return given;
  const result = { ...given };
  for (const field of definition.references.keys()) {
    const value = given[field];
    if (typeof value === "string" && value.startsWith("#")) result[field] = names.get(value.slice(1)) ?? value;
  }
  return result;
}

async function changeOf(planned: Planned, items: EntityRows, rights: Rights): Promise<Change> {
  const { definition, id, act, given, version, place } = planned;
  const row = await items.find(rowOf(planned));
  const before = row?.fields;
  const { type } = definition;
  if (act === "create" && before) throw new BeeHiveError("AlreadyExists", `There is a ${type} "${id}" already.`);
  const isHidden = row !== undefined && before !== undefined && !rights.sees(definition, row);
  if (isHidden || (!before && act !== "create" && act !== "put")) throw noEntity(type, id);
  const found = before ? (row?.version ?? 0) : 0;
  if (version !== undefined && version !== found) throw staleVersion(type, id, version, found);
  const after = act === "delete" ? undefined : act === "patch" ? mergePatched(before, given) : given;
  const fields = after === undefined ? undefined : await checkedFields(definition, id, after, place);
  return { definition, id, row, before, after: fields };
}

/** Returns the fields of an entity as its schema returns them, after JSON. */
async function checkedFields(
  { type, schema }: CheckedDefinition,
  id: string,
  given: unknown,
  place: string,
): Promise<Fields> {
  const { version: _, ...value } = given as Fields;
  const result = await schema["~standard"].validate({ ...value, id });
  const refused = (problems: readonly BodyProblem[]): InvalidEntity =>
    new InvalidEntity(
      `${type} "${id}"`,
      problems.map(({ path, problem }) => ({ path: `${place}${path}`, problem })),
    );
  if (result.issues) throw refused(problemsIn(result.issues, value, schema));
  const json = JSON.stringify(result.value);
  const bytes = Buffer.byteLength(json ?? "");
  if (bytes > maxBytes)
    throw new BeeHiveError(
      "TooLarge",
      `${type} "${id}" has ${bytes} bytes as JSON, and each change publishes a copy; at most ${maxBytes} are taken. ` +
        "Keep large data in the key-value store, and its key in the entity.",
    );
  const output: unknown = json === undefined ? undefined : JSON.parse(json);
  if (!isObject(output)) throw refused([{ path: "", problem: "the schema must return an object" }]);
  const { id: _id, version: _version, ...fields } = output;
  return fields;
}

/** Returns the new references of a change to entities that do not exist. */
async function missingOf(
  { definition, before, after }: Change,
  graph: ReadonlyMap<string, Change>,
  items: EntityRows,
  { place }: Planned,
): Promise<BodyProblem[]> {
  const problems: BodyProblem[] = [];
  for (const [field, to] of definition.references) {
    const value = after?.[field];
    if (value === undefined || value === null) continue;
    const path = `${place}${field}`;
    if (typeof value !== "string") problems.push({ path, problem: `expected the id of a ${to}` });
    else if (value !== before?.[field] || graph.has(entityRow(to, value))) {
      if (!(await exists(to, value, graph, items))) problems.push({ path, problem: `there is no ${to} of this id` });
    }
  }
  return problems;
}

async function exists(
  type: string,
  id: string,
  graph: ReadonlyMap<string, Change>,
  items: EntityRows,
): Promise<boolean> {
  const own = graph.get(entityRow(type, id));
  if (own) return own.after !== undefined;
  return (await items.find(entityRow(type, checkedId(id))))?.fields !== undefined;
}

/** Refuses to delete an entity to which another refers, once the graph is written. */
async function assertUnused(change: Change, graph: ReadonlyMap<string, Change>, items: EntityRows): Promise<void> {
  const { definition, id } = change;
  if (definition.referrers.length === 0) return;
  // Read before the references are looked for: one that is committed after the look has written it.
  await items.exists(referenceRow(definition.type, id));
  for (const { type, field } of definition.referrers) {
    for await (const { id: entry } of items.range(indexRange(type, field, { equals: id }))) {
      const row = entityRow(type, idInIndexRow(entry));
      const fields = graph.has(row) ? graph.get(row)?.after : (await items.find(row))?.fields;
      if (fields?.[field] === id)
        throw new BeeHiveError(
          "InvalidState",
          `${definition.type} "${id}" cannot be deleted: ${type} "${idInIndexRow(entry)}" refers to it by ${field}. ` +
            "Change or delete that first, or in the same graph.",
        );
    }
  }
}
