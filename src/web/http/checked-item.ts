import type { StandardSchemaV1 } from "@standard-schema/spec";
import { problemsIn } from "../../events/schema-problems.ts";
import type { IngestItem, IngestProblem } from "./handler.ts";

/** Returns an item with the value that a schema makes of it, and its problems. */
export function checkedItem(
  item: IngestItem,
  schema: StandardSchemaV1,
): { readonly item: IngestItem; readonly problems: readonly IngestProblem[] } {
  const { value, path } = item;
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) return { item, problems: [{ path, problem: "its schema is asynchronous" }] };
  if (!result.issues) return { item: { ...item, value: result.value }, problems: [] };
  const problems = problemsIn(result.issues, value, schema);
  return { item, problems: problems.map((one) => ({ ...one, path: joined(path, one.path) })) };
}

function joined(path: string, inner: string): string {
  return path === "" || inner === "" ? path + inner : `${path}.${inner}`;
}
