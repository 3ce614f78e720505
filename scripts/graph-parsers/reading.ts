/** The result of a parser. */
export interface Reading {
  /** Its content in words: `15 nodes, 14 arrows`. */
  readonly contents: string;
  /** The visible names. */
  readonly names: ReadonlySet<string>;
}

/** Reads a text. @throws Error with the parser's message when it refuses the text. */
export type Read = (text: string) => Promise<Reading>;

/** Imports a package installed beside this file. Untyped, because the project must compile without these packages. */
export async function parserModule<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

/** `1 node`, `2 nodes`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
