import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname;
const lockfile = join(folder, "package-lock.json");
/** Copy of the lockfile of the installed parsers: reveals a change, whatever the file times. */
const installed = join(folder, "node_modules/.installed-lock.json");

/** Installs the parsers unless they match the lockfile; returns whether it did. */
export function installParsers(): boolean {
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lockfile))) return false;
  // Runs no package scripts: none is needed, and one sends telemetry.
  const args = ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"];
  execFileSync("npm", args, { stdio: ["ignore", "ignore", "inherit"] });
  copyFileSync(lockfile, installed);
  return true;
}
