import { BeeHiveError } from "../../base/errors.ts";
import { isIndexed, type IndexValue } from "../keys.ts";
import type { ListQuery } from "../entity-service.ts";

const names: ReadonlySet<string> = new Set(["by", "equals", "from", "to", "limit", "cursor"]);

/** Returns the query of a list. @throws BeeHiveError `InvalidKey` for a parameter that is unknown or given twice. */
export function listQuery(parameters: URLSearchParams): ListQuery {
  for (const name of parameters.keys())
    if (!names.has(name) || parameters.getAll(name).length > 1)
      throw new BeeHiveError(
        "InvalidKey",
        `${JSON.stringify(name.slice(0, 40))} is unknown or given twice; a list takes ${[...names].join(", ")}.`,
      );
  const text = (name: string): string | undefined => parameters.get(name) ?? undefined;
  const by = text("by");
  const value = (name: string): IndexValue | undefined => (by === undefined ? text(name) : indexValue(text(name)));
  const limit = text("limit");
  return {
    by,
    equals: value("equals"),
    from: value("from"),
    to: value("to"),
    limit: limit === undefined ? undefined : Number(limit),
    cursor: text("cursor"),
  };
}

/** Returns a value of an index: `18` is a number and `"18"` a text, as in JSON; other words are texts. */
function indexValue(text: string | undefined): IndexValue | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isIndexed(value) ? value : text;
  } catch {
    return text;
  }
}
