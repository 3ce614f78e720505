import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import type { Effort, Outcome } from "./outcome.ts";
import { readTimeText } from "./read-time.ts";
import { markdownOf } from "./table.ts";

const root = join(import.meta.dirname, "..");
const file = join(import.meta.dirname, "RESULTS.md");

const preface = `# What was measured

Written by \`npm run bench -- --write\`, one section a bench and version of Node; a run replaces its own sections and
leaves the others. How it is measured, and how to repeat it: [README.md](README.md).
`;

/** Replaces the earlier result of a bench on the same version of Node. */
export function writeResults(bench: string, { tables, versions = [] }: Outcome, effort: Effort): void {
  const [major] = process.versions.node.split(".");
  const title = `${bench}, Node ${major}`;
  const sections = new Map(readSections());
  sections.set(title, [`## ${title}`, "", circumstances(versions, effort), "", ...tables.map(markdownOf)].join("\n"));
  const sorted = [...sections].toSorted(([a], [b]) => a.localeCompare(b, "en"));
  writeFileSync(file, [preface, ...sorted.map(([, text]) => text.trimEnd() + "\n")].join("\n"));
  execFileSync(process.execPath, [join(root, "node_modules/oxfmt/bin/oxfmt"), file], { stdio: "pipe" });
}

function readSections(): (readonly [title: string, text: string])[] {
  if (!existsSync(file)) return [];
  const [, ...sections] = readFileSync(file, "utf8").split(/^## /m);
  return sections.map((text) => [text.split("\n", 1)[0] ?? "", `## ${text}`] as const);
}

function circumstances(versions: readonly string[], { rounds, seconds }: Effort): string {
  const [cpu] = cpus();
  const [kernel] = release().split("-");
  const parts = [
    `${new Date().toISOString().slice(0, 10)}, ${rounds} rounds of ${seconds} s.`,
    `${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${kernel}.`,
    readTimeText(),
    `${[`Node ${process.versions.node}`, ...versions].join(", ")}.`,
  ];
  return parts.join(" ");
}
