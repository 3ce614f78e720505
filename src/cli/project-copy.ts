import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ownFile } from "./own-package.ts";

/**
 * The command line of the beehive-actors that is installed in the project of this folder, as a URL, unless that is this
 * one. The modules of the project import that copy, and errors and classes of one copy are not those of another.
 */
export function projectCommandLine(folder: string): string | undefined {
  try {
    const manifest = createRequire(join(folder, "x.js")).resolve("beehive-actors/package.json");
    if (realpathSync(manifest) === realpathSync(ownFile("package.json"))) return undefined;
    const main = join(dirname(manifest), "dist/src/cli/main.js");
    return existsSync(main) ? pathToFileURL(main).href : undefined;
  } catch {
    return undefined;
  }
}
