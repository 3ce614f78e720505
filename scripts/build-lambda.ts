/** Bundles Prismo's function into one file, as Lambda takes it: `npm run build:lambda`. */
import { rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist-lambda", { recursive: true, force: true });
await build({
  entryPoints: ["samples/prismo/lambda.ts"],
  outfile: "dist-lambda/index.mjs",
  bundle: true,
  platform: "node",
  target: "node22",
  format: "esm",
  conditions: ["beehive-source"],
  // The providers that are not for Lambda; they are only loaded by their URL.
  external: ["*/providers/azure/index.ts", "*/providers/sqlite/index.ts"],
  // The SDK's packages have both; only what is written as ES modules loses what is not used.
  mainFields: ["module", "main"],
  // Actors are called by the names of their classes.
  keepNames: true,
  // For what is written as CommonJS: an ES module has no `require` of its own.
  banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
  logLevel: "warning",
});
