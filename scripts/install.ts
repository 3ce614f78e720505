import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Installs the packages of a folder by its lockfile, unless they match it. Returns whether it did.
 *
 * Runs no package scripts: none is needed, and one sends telemetry.
 */
export function installLocked(folder: string): boolean {
  const lockfile = join(folder, "package-lock.json");
  // Copy of the lockfile of the installed packages: reveals a change, whatever the file times.
  const installed = join(folder, "node_modules/.installed-lock.json");
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lockfile))) return false;
  const args = ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", args, { stdio: ["ignore", "ignore", "inherit"] });
  copyFileSync(lockfile, installed);
  return true;
}
