import { printableLine } from "../base/printable.ts";

/** Columns for people, the last one as long as it is; those of numbers stand to the right. */
export function table(given: readonly (readonly string[])[], titles: readonly string[]): string {
  const rows = given.map((row) => row.map(printableLine));
  const all = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const isNumber = titles.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^(-|[\d.,]+)$/.test(row[column] ?? "")),
  );
  const cell = (text: string, column: number): string =>
    isNumber[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return all.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}
