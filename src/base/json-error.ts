/**
 * Where the text stops being JSON, such as `at position 12 (line 1 column 13)`; `undefined` when it is JSON.
 * `JSON.parse` names no position for most mistakes on Node 20, and quotes the text, which does not belong in
 * errors.
 */
export function jsonErrorPlace(text: string): string | undefined {
  const scanner = new Scanner(text);
  if (scanner.value() && scanner.end()) return undefined;
  const before = text.slice(0, scanner.position).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `at position ${scanner.position} (line ${before.length} column ${column})`;
}

/** Nested deeper than this, the place is that of the nesting: the scanner calls itself for each level. */
const deepest = 1_000;
const space = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- a JSON string holds no control characters
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Reads JSON (RFC 8259) as far as it is JSON; `position` is then where it went wrong. */
class Scanner {
  position = 0;
  #depth = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(): boolean {
    if (++this.#depth > deepest) return false;
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
