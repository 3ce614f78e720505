/**
 * Checks what docs/frameworks.md, docs/bundling.md and docs/toolchains.md say, with the package as it is built: `npm run check:adoption`.
 *
 * Frameworks and bundlers are large, so the first run, and each after a change of their lockfiles, installs them.
 */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundlerNames, bundles, entries } from "./adoption/bundlers.ts";
import { samples, servesShop } from "./adoption/frameworks.ts";
import { check, root, run } from "./adoption/run.ts";
import { toolchainNames, toolchains, worksWith } from "./adoption/toolchains.ts";
import { installLocked } from "./install.ts";

const built = join(samples, "node_modules/beehive-actors");

try {
  if (installLocked(samples)) console.log("ok    the frameworks are installed");
  if (installLocked(join(root, "scripts/bundlers"))) console.log("ok    the bundlers are installed");
  if (installLocked(toolchains)) console.log("ok    the toolchains are installed");
  await check("the package is built beside them", build);
  await check("the samples compile", () => run(bin("tsc"), ["-p", samples, "--noEmit"]));
  for (const sample of ["express", "fastify", "hono", "nest", "node-http"])
    await check(`${sample} serves the shop`, () => servesShop(sample));
  await check("next serves the shop by its route handlers", () => runSample("checks/next.ts"));
  await check("nest makes actors for their steps, and stops them", () => runSample("checks/nest.ts"));
  for (const bundler of bundlerNames)
    for (const entry of Object.keys(entries) as (keyof typeof entries)[])
      await check(`${bundler} bundles ${entry}`, () => bundles(bundler, entry, built));
  for (const name of toolchainNames) await toolchain(name);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Checks a row of docs/toolchains.md. Says why it was skipped where this machine lacks it. */
async function toolchain(name: string): Promise<void> {
  let lacks: string | undefined;
  await check(`${name} runs the shop or its test`, () => (lacks = worksWith(name, built)));
  if (lacks !== undefined) console.log(`skip  ${name}: ${lacks}`);
}

function bin(name: string): string {
  return join(root, "node_modules/.bin", name);
}

function runSample(file: string): void {
  run(process.execPath, ["--import", "tsx", file], { cwd: samples });
}

/** Builds the package among the installed ones, where it finds the frameworks. */
function build(): void {
  rmSync(built, { recursive: true, force: true });
  mkdirSync(built);
  copyFileSync(join(root, "package.json"), join(built, "package.json"));
  run(bin("tsc"), ["-p", join(root, "tsconfig.build.json"), "--outDir", join(built, "dist")]);
  run(bin("tsx"), [join(root, "scripts/build-page.ts"), join(built, "dist")]);
}
