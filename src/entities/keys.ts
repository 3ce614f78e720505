import { BeeHiveError } from "../base/errors.ts";
import { checkedKey } from "../contract/keys.ts";

/*
 * The rows of entities, in one collection:
 *
 *     Member/ada                       the entity, or its last version after it was deleted
 *     Member.company s acme ada        an entry of the index `company`
 *     Company#acme                     written with each new reference to Company acme, read when it is deleted
 *
 * An entry of an index names the value so that entries sort as values do. Long texts are cut, and some characters
 * stand for others, so that readers compare the value of the entity itself.
 */

/** An id has to fit into the id of a row, with a name and the value of an index. */
const maxId = 90;
const maxValue = 90;

/** Returns the id of an entity. @throws BeeHiveError `InvalidKey`. */
export function checkedId(id: unknown): string {
  const text = checkedKey("the id of an entity", id as string);
  if (text.length <= maxId) return text;
  throw new BeeHiveError(
    "InvalidKey",
    `"${text}" cannot be the id of an entity: it has ${text.length} characters, at most ${maxId} are allowed.`,
  );
}

/** Returns the id of the row of an entity. */
export function entityRow(type: string, id: string): string {
  return `${type}/${id}`;
}

/** Returns the id of the entity of a row. */
export function idInEntityRow(row: string): string {
  // A name has no slash.
  return row.slice(row.indexOf("/") + 1);
}

/** Returns the bounds of the rows of a type: from a text, inclusive, to a text, exclusive. */
export function entityRange(type: string, from = "", to?: string): { readonly from: string; readonly to: string } {
  return { from: `${type}/${from}`, to: to === undefined ? `${type}0` : `${type}/${to}` };
}

/** Returns the id of the row that each new reference to an entity writes. */
export function referenceRow(type: string, id: string): string {
  return `${type}#${id}`;
}

/** A value that an index holds; others have no entry. */
export type IndexValue = string | number | boolean;

/** Returns whether an index holds a value. */
export function isIndexed(value: unknown): value is IndexValue {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** Returns the id of an entry of an index. */
export function indexRow(type: string, field: string, value: IndexValue, id: string): string {
  return `${type}.${field} ${encoded(value).text} ${id}`;
}

/** Returns the id of the entity of an entry. */
export function idInIndexRow(row: string): string {
  // Neither a name nor an encoded value has a space.
  return row.slice(row.indexOf(" ", row.indexOf(" ") + 1) + 1);
}

/** The bounds of an index: one value, or values from one, inclusive, to another, exclusive. */
export interface IndexBounds {
  readonly equals?: IndexValue | undefined;
  readonly from?: IndexValue | undefined;
  readonly to?: IndexValue | undefined;
}

/** Returns the bounds of entries that hold all values within some bounds, and perhaps a few others. */
export function indexRange(
  type: string,
  field: string,
  { equals, from = equals, to = equals }: IndexBounds,
): { readonly from: string; readonly to: string } {
  const index = `${type}.${field} `;
  const low = from === undefined ? undefined : encoded(from);
  const high = to === undefined ? undefined : encoded(to);
  // Values are compared within their type only; "!" follows the space behind a value.
  const isIncluded = equals !== undefined || high?.isExact === false;
  const first = low?.text ?? high?.text.charAt(0) ?? "";
  const behind = low ? String.fromCharCode(low.text.charCodeAt(0) + 1) : "~";
  const last = high ? high.text + (isIncluded ? "!" : "") : behind;
  if (equals !== undefined) return { from: index + first, to: index + last };
  // A stand-in ends a bound: characters that share it are in any order.
  return { from: index + first.replace(/\u00a0.*/s, "\u00a0"), to: index + last.replace(/\u00a0.*/s, "\u00a1") };
}

/** Returns whether a value is within bounds. Values of different types are in no order. */
export function isWithin(value: unknown, { equals, from, to }: IndexBounds): boolean {
  if (!isIndexed(value)) return false;
  if (equals !== undefined) return value === equals;
  if (from !== undefined && (typeof value !== typeof from || compare(value, from) < 0)) return false;
  return to === undefined || (typeof value === typeof to && compare(value, to) < 0);
}

function compare(a: IndexValue, b: IndexValue): number {
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Returns a value as a part of a row's id; not exact when other values have the same. */
function encoded(value: IndexValue): { readonly text: string; readonly isExact: boolean } {
  if (typeof value === "boolean") return { text: `b${Number(value)}`, isExact: true };
  if (typeof value === "number") return { text: `n${sortable(value)}`, isExact: true };
  const text = `s${value.toWellFormed().replaceAll(replaced, standIn)}`;
  const isExact = text.length <= maxValue && !/[\u00a0\ufffd]/.test(text);
  // A cut must not halve a surrogate pair.
  return { text: isExact ? text : text.slice(0, maxValue).replace(/[\ud800-\udbff]$/, ""), isExact };
}

// oxlint-disable-next-line no-control-regex -- control characters are what is replaced
const replaced = /[\u0000-!\u007f-\u009f]/g;

/** Returns what stands for a character, in the same order. */
function standIn(character: string): string {
  const code = character.charCodeAt(0);
  if (code > 0x21) return "\u00a0";
  return code === 0x21 ? "!1" : `!0${code.toString(16).padStart(2, "0")}`;
}

/** Returns a number as 16 hex digits, which sort as numbers do. */
function sortable(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value === 0 ? 0 : value);
  const bits = view.getBigUint64(0);
  const negative = bits >> 63n === 1n;
  const mask = negative ? 0xffff_ffff_ffff_ffffn : 0x8000_0000_0000_0000n;
  return (bits ^ mask).toString(16).padStart(16, "0");
}
