/** Bundles an entry of Prismo and all that it needs into one file for Node 20 and later. */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { build } from "esbuild";

export interface Bundle {
  readonly entry: string;
  /** Its folder is emptied first. */
  readonly outfile: string;
  /** Packages that the host brings. @default [] */
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
    // The SDKs' packages have both; only what is written as ES modules loses what is not used.
    mainFields: ["module", "main"],
    // Actors are called by the names of their classes.
    keepNames: true,
    // For what is written as CommonJS: an ES module has no `require` of its own.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);',
    },
    logLevel: "warning",
  });
}
