import { extname } from "node:path";
import { messageOf } from "../base/error-text.ts";
import { jsonErrorPlace } from "../base/json-error.ts";

/** A problem at a line. */
export interface Problem {
  readonly line: number;
  readonly text: string;
}

/** The content of a file of settings, with the lines of its parts. */
export interface Source {
  readonly content: unknown;
  /** Problems of the text itself; with some of them there is no content. */
  readonly problems: readonly Problem[];
  /** Returns the line of a part, or of the innermost part around it that there is. */
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

/** Reads a text as INI, YAML or JSON, by the name of its file. */
export async function sourceOf(text: string, path: string): Promise<Source> {
  const clean = text.replace(/^\ufeff/, "");
  if (extname(path) === ".ini") return await iniSource(clean);
  const place = extname(path) === ".json" ? jsonErrorPlace(clean) : undefined;
  if (place === undefined) return await yamlSource(clean);
  const line = Number(/line (\d+)/.exec(place)?.[1] ?? 1);
  return { content: undefined, problems: [{ line, text: "it is not JSON from here on" }], lineOf: () => 1 };
}

async function yamlSource(text: string): Promise<Source> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const lineAt = (offset: number | undefined): number => lineCounter.linePos(offset ?? 0).line;
  const lineOf = (path: readonly (string | number)[]): number => {
    let [node, line]: [unknown, number] = [document.contents, 1];
    for (const part of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
        if (!pair) break;
        line = lineAt((pair.key as { readonly range?: readonly number[] }).range?.[0]);
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(part)];
        line = lineAt((node as { readonly range?: readonly number[] } | undefined)?.range?.[0]);
      } else break;
    }
    return line;
  };
  const problems = document.errors.map((error) => ({
    line: lineAt(error.pos[0]),
    // The message quotes the text after its first line.
    text: messageOf(error)
      .split("\n", 1)
      .join("")
      .replace(/ at line \d+, column \d+:?$/, ""),
  }));
  return { content: problems.length > 0 ? undefined : document.toJS(), problems, lineOf };
}

async function iniSource(text: string): Promise<Source> {
  const { parse } = await import("ini");
  const lines = new Map<string, number[]>();
  const problems: Problem[] = [];
  let section = "";
  for (const [index, row] of text.split(/\r?\n/).entries()) {
    const [, head, key, list] = /^\s*(?:\[([^\]]*)\]|([^;#=[]+?)(\[\])?\s*(?:=|$))/.exec(row) ?? [];
    if (head === undefined && key === undefined) continue;
    const line = index + 1;
    if (head !== undefined) section = head.trim();
    const path = head === undefined ? `${section}\n${key}` : section;
    const before = lines.get(path);
    if (before && list === undefined)
      problems.push({
        line,
        text: head === undefined ? `${key} is set twice` : `there is a second section [${section}]`,
      });
    lines.set(path, [...(before ?? []), line]);
  }
  const lineOf = ([stage = "", key, index = 0]: readonly (string | number)[]): number => {
    const found = lines.get(`${stage}\n${key}`) ?? lines.get(String(stage)) ?? lines.get(`\n${stage}`) ?? [1];
    return found[Number(index)] ?? found.at(-1) ?? 1;
  };
  // `module#export` is no comment. The parser takes `#` for the start of one unless it is escaped.
  const escaped = text.replace(/^(?!\s*[#;])[^"\r\n]*$/gm, (row) => row.replace(/(?<!\\)#/g, String.raw`\#`));
  return { content: parse(escaped), problems, lineOf };
}
