import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "peers");

/** Installs the peers, once and after a change of their lockfile. Returns the reason when that fails. */
export function installPeers(): string | undefined {
  if (changedAt("node_modules/.package-lock.json") >= changedAt("package-lock.json")) return undefined;
  console.log("Installing what the bench compares with, into bench/peers (better-sqlite3 may have to be compiled)");
  try {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    return undefined;
  } catch {
    return "the peers could not be installed: try npm ci --prefix bench/peers";
  }
}

/** Packages of the peers with their pinned versions. */
export function versionsOf(...packages: readonly string[]): string[] {
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  ) as Record<"dependencies" | "optionalDependencies", Record<string, string>>;
  const versions = { ...dependencies, ...optionalDependencies };
  return packages.map((name) => `${name} ${versions[name] ?? "?"}`);
}

/** Modification time in ms; 0 for a missing file. */
function changedAt(file: string): number {
  return statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
