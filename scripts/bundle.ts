/** Bundles an entry of Prismo with its dependencies into one file for Node 20 and later. */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { build } from "esbuild";

export interface Bundle {
  readonly entry: string;
  /** The output file. Its folder is emptied first. */
  readonly outfile: string;
  /** Packages that the host provides. @default [] */
  readonly external?: readonly string[];
}

export async function bundle({ entry, outfile, external = [] }: Bundle): Promise<void> {
  await rm(dirname(outfile), { recursive: true, force: true });
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["beehive-source"],
    external: [...external],
    // The SDKs ship both formats; unused code is dropped from ES modules only.
    mainFields: ["module", "main"],
    // Class names are the names of actors.
    keepNames: true,
    // For CommonJS packages: an ES module has no `require`.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);',
    },
    logLevel: "warning",
  });
}
