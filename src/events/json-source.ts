/*
 * Parts of a JSON text as they are written. To parse and write them again would change numbers of more than 15 digits,
 * the order of members, and members that occur twice.
 */

/** A member of an object, or an element of an array, in its text. */
interface Part {
  /** The name of the member, or the index of the element. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Returns the text of a member with its white space; `undefined` for an unknown name.
 *
 * The last of several members of one name counts, as for `JSON.parse`.
 *
 * @param json valid JSON, already parsed by the caller.
 */
export function memberText(json: string, name: string): string | undefined {
  let found: Part | undefined;
  for (const part of partsOf(json)) if (part.name === name) found = part;
  return found && json.slice(found.start, found.end);
}

/** Yields the text of each element of an array. @param json a valid JSON array, already parsed by the caller. */
export function* elementTexts(json: string): Generator<string, void, undefined> {
  for (const { start, end } of partsOf(json)) yield json.slice(start, end);
}

/** Yields the parts of an object or array; nothing for another value. */
function* partsOf(json: string): Generator<Part, void, undefined> {
  let at = afterSpace(json, 0);
  const opening = json[at];
  if (opening !== "{" && opening !== "[") return;
  at = afterSpace(json, at + 1);
  for (let place = 0; at < json.length && json[at] !== "}" && json[at] !== "]"; place++) {
    let name = String(place);
    if (opening === "{") {
      const end = afterString(json, at);
      name = JSON.parse(json.slice(at, end)) as string;
      at = afterSpace(json, end) + 1;
    }
    const end = afterValue(json, at);
    yield { name, start: at, end };
    at = json[end] === "," ? afterSpace(json, end + 1) : end;
  }
}

const space = /[ \t\n\r]*/y;

function afterSpace(json: string, at: number): number {
  space.lastIndex = at;
  space.exec(json);
  return space.lastIndex;
}

/** Returns the index after the string that begins at `at`. */
function afterString(json: string, at: number): number {
  for (let end = json.indexOf('"', at + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let escapes = 0;
    while (json[end - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
  return json.length;
}

const sign = /["{}[\],]/g;

/** Returns the index of the comma or bracket that ends the value at `at`, at any depth. */
function afterValue(json: string, at: number): number {
  let depth = 0;
  sign.lastIndex = at;
  for (let found = sign.exec(json); found; found = sign.exec(json)) {
    const [character] = found;
    if (character === '"') sign.lastIndex = afterString(json, found.index);
    else if (character === "{" || character === "[") depth++;
    else if (depth === 0) return found.index;
    else if (character !== ",") depth--;
  }
  return json.length;
}

/** Returns JSON without line breaks, for a file of lines. Texts within hold none, so nothing else changes. */
export function oneLine(json: string): string {
  return json.replaceAll(/[\r\n]/g, " ");
}

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{[][ \t\n\r]*[}\]]|[{}[\],:]|[ \t\n\r]+/g;

/** Returns JSON with line breaks and indents, its numbers as they are written; `undefined` for what is no JSON. */
export function indented(json: string): string | undefined {
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  let depth = 0;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  return json.replaceAll(token, (found) => {
    const [first = ""] = found;
    const closing = found.at(-1) as string;
    if (first === '"') return JSON.stringify(JSON.parse(found));
    if ("{[".includes(first) && "}]".includes(closing)) return first + closing;
    if ("{[".includes(first)) return first + (depth++, line());
    if ("}]".includes(first)) return (depth--, line()) + first;
    if (first === ",") return first + line();
    return first === ":" ? ": " : "";
  });
}
