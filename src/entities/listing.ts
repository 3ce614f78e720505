import { BeeHiveError } from "../base/errors.ts";
import type { CollectionStore, Stored } from "../contract/stores.ts";
import type { EntityRow } from "./changes.ts";
import type { CheckedDefinition } from "./definition.ts";
import type { EntityPage, ListQuery } from "./entity-service.ts";
import { entityRange, entityRow, idInIndexRow, indexRange, isWithin } from "./keys.ts";

const defaultLimit = 100;
const maxLimit = 1_000;
/** The most entities that one page looks at: a user may see few of many. The next page goes on behind them. */
const maxLooks = 5_000;
/** Entities of an index that are read at once. */
const readAtOnce = 50;

type Rows = CollectionStore<EntityRow>;
type Shown = Readonly<Record<string, unknown>>;

/** A row of a list: its place, and the entity of it. */
interface Place {
  readonly at: string;
  readonly row: Stored<EntityRow> | undefined;
}

/**
 * Returns a page of entities.
 *
 * @param show Returns an entity as the caller sees it; `undefined` for one that is deleted or hidden. An index finds no
 *   entity whose value the caller does not see.
 */
export async function listed(
  definition: CheckedDefinition,
  query: ListQuery,
  items: Rows,
  show: (row: Stored<EntityRow>) => Shown | undefined,
): Promise<EntityPage<Shown>> {
  const { by, limit = defaultLimit } = query;
  const { type, indexes } = definition;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > maxLimit)
    throw refused(type, `limit must be a whole number from 1 to ${maxLimit}`);
  if (by !== undefined && !indexes.includes(by))
    throw refused(type, `${JSON.stringify(by)} is no index; there are ${["the ids", ...indexes].join(", ")}`);
  const bounds = by === undefined ? idBounds(type, query) : indexRange(type, by, query);
  const after = afterCursor(type, query.cursor, bounds);
  const places = by === undefined ? ofIds(items, bounds, after) : ofIndex(definition, items, bounds, after);
  const found: Shown[] = [];
  let [last, looks] = ["", 0];
  for await (const { at, row } of places) {
    if (looks++ === maxLooks) return { items: found, next: cursorOf(last) };
    const shown = row && show(row);
    const isFound = shown && (by === undefined || isWithin(shown[by], query));
    if (isFound && found.length === limit) return { items: found, next: cursorOf(last) };
    if (isFound) found.push(shown);
    last = at;
  }
  return { items: found };
}

interface Bounds {
  readonly from: string;
  readonly to: string;
}

function idBounds(type: string, { equals, from, to }: ListQuery): Bounds {
  const text = (bound: unknown): string | undefined => {
    if (bound === undefined || typeof bound === "string") return bound;
    throw refused(type, "the bounds of ids must be texts");
  };
  if (equals !== undefined) throw refused(type, "equals needs an index: by");
  return entityRange(type, text(from), text(to));
}

function cursorOf(place: string): string {
  return Buffer.from(place).toString("base64url");
}

function afterCursor(type: string, cursor: string | undefined, { from, to }: Bounds): string | undefined {
  if (cursor === undefined) return undefined;
  const at = Buffer.from(cursor, "base64url").toString();
  const [low, here, high] = [from, at, to].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  if (Buffer.compare(low, here) <= 0 && Buffer.compare(here, high) < 0) return at;
  throw refused(type, "the cursor is of another query");
}

async function* ofIds(items: Rows, bounds: Bounds, after: string | undefined): AsyncGenerator<Place> {
  for await (const row of items.range({ ...bounds, from: after ?? bounds.from }))
    if (row.id !== after) yield { at: row.id, row };
}

async function* ofIndex(
  { type }: CheckedDefinition,
  items: Rows,
  bounds: Bounds,
  after: string | undefined,
): AsyncGenerator<Place> {
  const read = async (entries: readonly string[]): Promise<readonly Place[]> =>
    Promise.all(entries.map(async (at) => ({ at, row: await items.find(entityRow(type, idInIndexRow(at))) })));
  let entries: string[] = [];
  for await (const { id } of items.range({ ...bounds, from: after ?? bounds.from })) {
    if (id !== after) entries.push(id);
    if (entries.length < readAtOnce) continue;
    yield* await read(entries);
    entries = [];
  }
  yield* await read(entries);
}

function refused(type: string, why: string): BeeHiveError {
  return new BeeHiveError("InvalidKey", `A list of ${type}: ${why}.`);
}
