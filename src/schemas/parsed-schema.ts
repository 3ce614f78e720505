import { BeeHiveError } from "../base/errors.ts";
import { jsonErrorPlace } from "../base/json-error.ts";

/** Returns the JSON of a schema. @throws BeeHiveError `InvalidConfiguration` for a text that is not JSON. */
export function parsedSchema(schema: string, kind: string): unknown {
  try {
    return JSON.parse(schema) as unknown;
  } catch (cause) {
    const place = jsonErrorPlace(schema) ?? "somewhere";
    throw new BeeHiveError("InvalidConfiguration", `The ${kind} is not JSON, wrong ${place}.`, { cause });
  }
}
