/**
 * Returns where a text stops being JSON, as `at position 12 (line 1 column 13)`; `undefined` for JSON.
 *
 * `JSON.parse` quotes the text, which does not belong in errors, and names no position for most mistakes on Node 20.
 */
export function jsonErrorPlace(text: string): string | undefined {
  const scanner = new Scanner(text);
  if (scanner.value() && scanner.end()) return undefined;
  const before = text.slice(0, scanner.position).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `at position ${scanner.position} (line ${before.length} column ${column})`;
}

/** The maximum nesting, since the scanner calls itself for each level. Deeper values count as mistakes. */
const maxDepth = 1_000;
const space = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- a JSON string holds no control characters
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Reads JSON (RFC 8259) up to the first mistake; `position` is then its place. */
class Scanner {
  position = 0;
  #depth = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(): boolean {
    if (++this.#depth > maxDepth) return false;
    this.#skip(space);
    const first = this.#text[this.position];
    const read = first === "{" ? this.#members("}", true) : first === "[" ? this.#members("]", false) : this.#scalar();
    this.#skip(space);
    this.#depth--;
    return read;
  }

  end(): boolean {
    return this.position === this.#text.length;
  }

  #scalar(): boolean {
    return this.#skip(this.#text[this.position] === '"' ? string : scalar);
  }

  #members(close: string, named: boolean): boolean {
    this.position++;
    this.#skip(space);
    if (this.#take(close)) return true;
    for (;;) {
      if (named) {
        this.#skip(space);
        if (!this.#skip(string)) return false;
        this.#skip(space);
        if (!this.#take(":")) return false;
      }
      if (!this.value()) return false;
      if (this.#take(close)) return true;
      if (!this.#take(",")) return false;
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.position] !== character) return false;
    this.position++;
    return true;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return false;
    this.position += found.length;
    return true;
  }
}
