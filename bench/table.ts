import type { Spread } from "./statistics.ts";

/** A table for people: printed as text, stored as Markdown. */
export interface Table {
  readonly title: string;
  /** Headings; the first column names the row. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Notes for the reader: limits of the comparison, contestants left out and the reasons. */
  readonly notes: readonly string[];
}

export function textOf({ title, columns, rows, notes }: Table): string {
  const lines = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const lineOf = (cells: readonly string[]): string =>
    cells.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join("   ");
  return ["", title, "", ...lines.map((cells) => `  ${lineOf(cells)}`), ...notes.map((note) => `  * ${note}`)].join(
    "\n",
  );
}

export function markdownOf({ title, columns, rows, notes }: Table): string {
  const rule = columns.map((_, n) => (n === 0 ? "---" : "---:"));
  const table = [columns, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [`### ${title}`, "", ...table, "", ...notes.map((note) => `- ${note}`), ""].join("\n");
}

/** Formats a number: whole with separators, or with two digits when small. */
export function numberOf(value: number): string {
  if (!Number.isFinite(value)) return "-";
  return Math.abs(value) < 100 ? value.toFixed(2) : Math.round(value).toLocaleString("en-GB");
}

export function spreadText({ min, median, max }: Spread): string {
  if (!Number.isFinite(median)) return "-";
  return `${numberOf(median)} (${numberOf(min)} to ${numberOf(max)})`;
}
