import { BeeHiveError } from "../../base/errors.ts";

/** Returns the entity tag of a version (RFC 9110, 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/** Returns whether `If-None-Match` names the version, so that the client has it. */
export function isUnchanged({ headers }: Request, version: number): boolean {
  const given = headers.get("if-none-match");
  if (given === null) return false;
  return given.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etagOf(version));
}

/**
 * Returns the version that a write replaces: a number, `any` for one that exists, `new` for none.
 *
 * @throws BeeHiveError `InvalidKey` for a header that is none.
 */
export function versionWanted({ headers }: Request): number | "any" | "new" | undefined {
  const none = headers.get("if-none-match");
  if (none !== null) {
    if (none.trim() === "*") return "new";
    throw new BeeHiveError("InvalidKey", "If-None-Match of a write must be *.");
  }
  const match = headers.get("if-match")?.trim();
  if (match === undefined) return undefined;
  if (match === "*") return "any";
  const [, version] = /^"(\d{1,15})"$/.exec(match) ?? [];
  if (version !== undefined) return Number(version);
  throw new BeeHiveError("InvalidKey", 'If-Match must be * or one ETag, such as "3".');
}
