/** What a parser made of a text. */
export interface Reading {
  /** What is in it, in words: `15 nodes, 14 arrows`. */
  readonly contents: string;
  /** The names in it as people see them. */
  readonly names: ReadonlySet<string>;
}

/** Reads a text. @throws Error with what the parser says where it refuses the text. */
export type Read = (text: string) => Promise<Reading>;

/**
 * The module of a package that is installed beside this file. Without its types: the rest of the project must compile
 * where nothing is installed here.
 */
export async function parserModule<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

/** `1 node`, `2 nodes`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
