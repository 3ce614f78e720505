import { arrayElements } from "./array-elements.ts";
import { lines } from "./lines.ts";
import { maxItem, tooLong, type Item } from "./place.ts";

export const formats = ["auto", "ndjson", "array", "document"] as const;
export type Format = (typeof formats)[number];

/**
 * Yields the values of an input: lines of NDJSON, elements of an array, or one document.
 *
 * With `auto` the beginning of the input decides: an array begins with a bracket, and the first line of NDJSON is JSON
 * by itself.
 */
export async function* items(
  chunks: AsyncIterable<string>,
  format: Format = "auto",
): AsyncGenerator<Item, void, undefined> {
  const { start, rest } = await beginning(chunks);
  switch (format === "auto" ? formatOf(start) : format) {
    case "array":
      return yield* arrayElements(rest);
    case "document":
      return yield* document(rest);
    case "ndjson":
      return yield* lines(rest);
  }
}

/** Characters read to recognize the format of an input. */
const maxStart = 64 * 1024;

async function beginning(chunks: AsyncIterable<string>): Promise<{ start: string; rest: AsyncIterable<string> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let start = "";
  for (let next = await iterator.next(); ; next = await iterator.next()) {
    if (next.done === true) break;
    start += next.value;
    if (start.length >= maxStart || start.trimStart().includes("\n")) break;
  }
  start = start.replace(/^\uFEFF/, "");
  async function* rest(): AsyncGenerator<string, void, undefined> {
    yield start;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { start, rest: rest() };
}

function formatOf(start: string): Exclude<Format, "auto"> {
  const [first = "", ...others] = start.trimStart().split("\n");
  if (first.startsWith("[")) return "array";
  // Only a document of several lines has a first line that is not JSON. A line that is cut off may be either.
  const whole = others.length > 0 || start.length < maxStart;
  return first === "" || !whole || isJson(first) ? "ndjson" : "document";
}

async function* document(chunks: AsyncIterable<string>): AsyncGenerator<Item, void, undefined> {
  let text = "";
  for await (const chunk of chunks) {
    text += chunk;
    if (text.length > maxItem) throw tooLong(1);
  }
  if (text.trim() !== "") yield { number: 1, line: 1, text };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
