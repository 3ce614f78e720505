import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { arch, platform } from "node:os";
import { join } from "node:path";

/** The oldest that the provider supports to the newest. */
export const versions = [14, 15, 16, 17, 18] as const;
export type Version = (typeof versions)[number];
export const newest: Version = 18;

const folder = import.meta.dirname;
const lockfile = join(folder, "package-lock.json");

/** Installs a version unless it is there; returns the folder of its programs. */
export function installed(version: Version): string {
  // The newest alone is a dependency: 60 MB instead of 300.
  const scope = version === newest ? "newest" : "all";
  // Copy of the lockfile of what is installed: reveals a change, whatever the file times.
  const isThere = ["all", scope].some((name) => sameFile(lockfile, lockOf(name)));
  if (!isThere) {
    const omitted = scope === "newest" ? ["--omit=dev"] : [];
    // The only script of these packages makes the links that `hydrate` makes.
    const args = ["ci", "--prefix", folder, ...omitted, "--ignore-scripts", "--no-audit", "--no-fund"];
    execFileSync("npm", args, { stdio: ["ignore", "ignore", "inherit"] });
    copyFileSync(lockfile, lockOf(scope));
  }
  const native = join(folder, `node_modules/postgres-${version}-${platform()}-${arch()}/native`);
  if (existsSync(native)) return native;
  throw new Error(`npm has no PostgreSQL ${version} for ${platform()} on ${arch()}`);
}

function lockOf(scope: string): string {
  return join(folder, `node_modules/.installed-${scope}.json`);
}

function sameFile(one: string, other: string): boolean {
  return existsSync(other) && readFileSync(one).equals(readFileSync(other));
}
