import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname;
const lockfile = join(folder, "package-lock.json");
/** The lockfile of what is installed, so that a change is seen whatever the times of files say. */
const installed = join(folder, "node_modules/.installed-lock.json");

/** Installs the parsers where they are not there as the lockfile has them; answers whether it did. */
export function installParsers(): boolean {
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lockfile))) return false;
  // No script of a package is run: none is needed, and one reports to its maker.
  const args = ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"];
  execFileSync("npm", args, { stdio: ["ignore", "ignore", "inherit"] });
  copyFileSync(lockfile, installed);
  return true;
}
