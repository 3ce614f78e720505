/**
 * Builds the website of the documentation in site/dist: `npm run site`, and `npm run site -- --preview` to read it.
 *
 * Its tools are large, so the first run, and each after a change of their lockfile, installs them.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { installLocked } from "./install.ts";

const root = join(import.meta.dirname, "..");
const site = join(root, "site");

if (installLocked(site)) console.log("The tools of the site are installed.");
execFileSync(process.execPath, ["--import", "tsx", join(site, "build.ts"), ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
