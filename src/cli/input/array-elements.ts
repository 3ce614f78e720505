import { UsageError } from "../exit-code.ts";
import { maxItem, tooLong, type Item } from "./place.ts";

/**
 * Yields the elements of one JSON array, of any length.
 *
 * Splits by brackets and quotes only; the caller parses the elements.
 */
export async function* arrayElements(chunks: AsyncIterable<string>): AsyncGenerator<Item, void, undefined> {
  const splitter = new Splitter();
  for await (const chunk of chunks) yield* splitter.take(chunk);
  splitter.end();
}

class Splitter {
  #line = 1;
  #number = 0;
  /** The text of the current element so far, and its first line. */
  #element = "";
  #from: number | undefined;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #last: "" | "," | "]" = "";

  *take(chunk: string): Generator<Item, void, undefined> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const sign = chunk[at] as string;
      if (sign === "\n") this.#line++;
      if (this.#inString) {
        this.#readInString(sign);
        continue;
      }
      if (/\s/.test(sign)) continue;
      if (this.#last === "]") throw new UsageError(`line ${this.#line}: there is text after the end of the array`);
      const level = this.#depth;
      if (sign === '"') this.#inString = true;
      else if (sign === "[" || sign === "{") this.#depth++;
      else if (sign === "]" || sign === "}") this.#depth--;
      const ends = level === 1 && (sign === "," || this.#depth === 0);
      if (ends) {
        yield* this.#finish(chunk.slice(from, at), sign === "," ? "," : "]");
        from = at + 1;
      } else if (level === 0) from = at + 1;
      else this.#from ??= this.#line;
    }
    this.#element += chunk.slice(from);
    if (this.#element.length > maxItem) throw tooLong(this.#from ?? this.#line);
  }

  #readInString(sign: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (sign === "\\") this.#escaped = true;
    else if (sign === '"') this.#inString = false;
  }

  *#finish(rest: string, by: "," | "]"): Generator<Item, void, undefined> {
    const text = this.#element + rest;
    const line = this.#from;
    if (line !== undefined) yield { number: ++this.#number, line, text };
    else if (by === "," || this.#last === ",") throw new UsageError(`line ${this.#line}: an element is missing`);
    this.#element = "";
    this.#from = undefined;
    this.#last = by;
  }

  end(): void {
    if (this.#last !== "]") throw new UsageError(`line ${this.#line}: the input ends before the array does`);
  }
}
