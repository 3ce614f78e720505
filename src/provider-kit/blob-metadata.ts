import { BeeHiveError } from "../base/errors.ts";
import { shown } from "../base/printable.ts";

/**
 * Returns the metadata of a blob.
 *
 * @throws BeeHiveError `InvalidItem` unless it is an object of well-formed texts.
 */
export function checkedMetadata(key: string, metadata: unknown = {}): Readonly<Record<string, string>> {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    throw refused(key, `must be an object of texts, not ${shown(metadata)}`);
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== "string") throw refused(key, `must hold texts alone, and "${name}" is ${shown(value)}`);
    if (!`${name} ${value}`.isWellFormed()) throw refused(key, "must be well-formed Unicode");
    if (`${name}${value}`.includes("\0")) throw refused(key, "must not hold NUL");
  }
  return metadata as Readonly<Record<string, string>>;
}

function refused(key: string, why: string): BeeHiveError {
  return new BeeHiveError("InvalidItem", `The metadata of the blob "${key}" ${why}.`);
}
