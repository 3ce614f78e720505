import { maxItem, tooLong, type Item } from "./place.ts";

/** Yields the lines of a text that are not empty. */
export async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<Item, void, undefined> {
  let line = 1;
  let rest = "";
  for await (const chunk of chunks) {
    const parts = chunk.split("\n");
    parts[0] = rest + (parts[0] ?? "");
    rest = parts.pop() ?? "";
    for (const text of parts) {
      if (text.trim() !== "") yield { number: line, line, text };
      line++;
    }
    if (rest.length > maxItem) throw tooLong(line);
  }
  if (rest.trim() !== "") yield { number: line, line, text: rest };
}
