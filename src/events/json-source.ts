/*
 * Parts of a JSON text as they are written. To parse and write them again would change numbers of more than 15 digits,
 * the order of members, and members that occur twice.
 */

/** The codes of the characters that shape JSON. Numbers compare faster than texts of one character. */
const code = {
  quote: 34,
  comma: 44,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  openBrace: 123,
  closeBrace: 125,
};

/** A member of an object, or an element of an array, in its text. */
interface Part {
  /** The name of a member as it is written, between its quotes; the index of an element. */
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
  const found = partsOf(json).findLast((part) => readName(part) === name);
  return found && json.slice(found.start, found.end);
}

/** Returns the text of each element of an array. @param json a valid JSON array, already parsed by the caller. */
export function elementTexts(json: string): string[] {
  return partsOf(json).map(({ start, end }) => json.slice(start, end));
}

/** Returns the name of a part without escapes. */
function readName({ name }: Part): string {
  return name.includes("\\") ? (JSON.parse(`"${name}"`) as string) : name;
}

/** Returns the parts of an object or array; none for another value. */
function partsOf(json: string): Part[] {
  const parts: Part[] = [];
  const opening = afterSpace(json, 0);
  const isObject = json.charCodeAt(opening) === code.openBrace;
  if (!isObject && json.charCodeAt(opening) !== code.openBracket) return parts;
  let at = afterSpace(json, opening + 1);
  while (at < json.length && !isClosing(json.charCodeAt(at))) {
    let name = String(parts.length);
    if (isObject) {
      const end = afterString(json, at);
      name = json.slice(at + 1, end - 1);
      at = afterSpace(json, end) + 1;
    }
    const end = afterValue(json, at);
    parts.push({ name, start: at, end });
    at = json.charCodeAt(end) === code.comma ? afterSpace(json, end + 1) : end;
  }
  return parts;
}

function isOpening(character: number): boolean {
  return character === code.openBrace || character === code.openBracket;
}

function isClosing(character: number): boolean {
  return character === code.closeBrace || character === code.closeBracket;
}

function afterSpace(json: string, at: number): number {
  let end = at;
  while (isSpace(json.charCodeAt(end))) end++;
  return end;
}

function isSpace(character: number): boolean {
  return character === 32 || character === 10 || character === 13 || character === 9;
}

/** Returns the index after the string that begins at `at`. */
function afterString(json: string, at: number): number {
  for (let end = json.indexOf('"', at + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let escapes = 0;
    while (json.charCodeAt(end - 1 - escapes) === code.backslash) escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
  return json.length;
}

/** Returns the index of the comma or bracket that ends the value at `at`, at any depth. */
function afterValue(json: string, at: number): number {
  let depth = 0;
  let end = at;
  while (end < json.length) {
    const character = json.charCodeAt(end);
    if (depth === 0 && (character === code.comma || isClosing(character))) return end;
    if (isOpening(character)) depth++;
    else if (isClosing(character)) depth--;
    end = character === code.quote ? afterString(json, end) : end + 1;
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
