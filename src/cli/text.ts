import { printableLine } from "../base/printable.ts";

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** Returns a length of time in its two largest units: `3d 4h`, `5m`, `12s`. */
export function durationText(ms: number): string {
  let rest = Math.max(0, ms);
  const parts: string[] = [];
  for (const [unit, length] of units) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.length === 0 ? "0s" : parts.slice(0, 2).join(" ");
}

/** Returns a number with its noun: `1 actor`, `3 actors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns a table as aligned columns, numbers to the right. */
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
