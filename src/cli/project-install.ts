import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ownFile } from "../base/package-root.ts";

/**
 * Returns the URL of the project's own command line; undefined if it is this one.
 *
 * The modules of the project import that copy of beehive-actors, and classes of two copies are not the same.
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
