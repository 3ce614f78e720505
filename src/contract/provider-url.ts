import { BeeHiveError } from "../base/errors.ts";
import { printableLine } from "../base/printable.ts";
import { safeText } from "../base/safe-text.ts";

/** The URL of a provider in its parts: `sqlite:./hive.db?durability=normal`. */
export interface ProviderUrl {
  readonly scheme: string;
  /** The text between colon and question mark: the file of `sqlite:`, empty for the others. */
  readonly place: string;
  readonly query: URLSearchParams;
}

const known = "memory:, sqlite:FILE, postgres://HOST/DATABASE, azure: and aws:";
const maxShown = 200;

/**
 * Parses the URL of a provider. Ignores white space around it, such as the line break after a secret.
 *
 * @throws BeeHiveError `InvalidConfiguration`, which shows the text without the values of its options.
 */
export function parseProviderUrl(text: unknown): ProviderUrl {
  if (typeof text !== "string") throw refused(`is ${typeof text}; it must be a text, such as ${known}`);
  const url = text.trim();
  if (url === "") throw refused(`is empty: was a variable not set? Leave the provider out, or name one of ${known}`);
  if (/^["']/.test(url)) throw refusedUrl(url, "stands in quotes; write it without them");
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(url)) throw refusedUrl(url, "holds a line break or another control character");
  const [, scheme, place = "", query = ""] = /^([a-z][a-z\d+.-]*):([^?]*)(?:\?(.*))?$/i.exec(url) ?? [];
  if (scheme === undefined) throw refusedUrl(url, `names no provider; there are ${known}`);
  if (/\$\{\w+\}|\$[A-Z_]{2,}/.test(url))
    throw refusedUrl(url, "has a variable in it that was not replaced by its value");
  return { scheme: scheme.toLowerCase(), place: place.trim(), query: new URLSearchParams(query) };
}

/** Parses a URL without a place, as `memory:?name=value`. @throws BeeHiveError as {@link parseProviderUrl}. */
export function parsePlacelessUrl(text: string): ProviderUrl {
  const url = parseProviderUrl(text);
  if (url.place === "" || url.place === "//") return url;
  throw refusedUrl(
    text,
    `has "${shown(url.place)}" behind ${url.scheme}:, where only options may stand, as in ${url.scheme}:?name=value`,
  );
}

/** Returns the text of a URL without the values of its options, which may be secrets. */
export function shownUrl({ scheme, place, query }: ProviderUrl): string {
  return `${scheme}:${shown(place)}${query.size > 0 ? "?..." : ""}`;
}

function refusedUrl(url: string, why: string): BeeHiveError {
  return refused(`"${shown(url)}" ${why}`);
}

function refused(why: string): BeeHiveError {
  return new BeeHiveError("InvalidConfiguration", `The URL of the provider ${why}.`);
}

function shown(text: string): string {
  const [place = "", query] = safeText(text.trim(), maxShown).split("?", 2);
  // A password in a URL without `//`, which was forgotten.
  const safe = place.replace(/^((?:[a-z][a-z\d+.-]*:)?)[^/@:]*:[^/@]*@/i, "$1...@");
  return printableLine(`${safe}${query === undefined ? "" : "?..."}`);
}
