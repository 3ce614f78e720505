/** Compiles TypeScript as an application's tools do, and imports the result. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";

/** `legacy` is `experimentalDecorators`, `standard` are the decorators of ECMAScript. */
export type DecoratorMode = "legacy" | "standard";
export type Compiler = "esbuild" | "tsc";

const root = new URL("../../", import.meta.url);

/** Returns the exports of `source`, which may import the library from `../../src/`. */
export async function compiled(
  source: string,
  compiler: Compiler,
  mode: DecoratorMode,
): Promise<Record<string, unknown>> {
  // Inside test/, so that relative imports and packages are found.
  const folder = await mkdtemp(new URL("test/.compiled-", root).pathname);
  try {
    const file = join(folder, "fixture.mts");
    await writeFile(file, source);
    const code = compiler === "tsc" ? await withTsc(file, mode) : await withEsbuild(source, mode);
    const output = join(folder, "fixture.mjs");
    await writeFile(output, code);
    return (await import(pathToFileURL(output).href)) as Record<string, unknown>;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function withEsbuild(source: string, mode: DecoratorMode): Promise<string> {
  const compilerOptions = { experimentalDecorators: mode === "legacy" };
  const { code } = await transform(source, { loader: "ts", target: "es2022", tsconfigRaw: { compilerOptions } });
  return code;
}

async function withTsc(file: string, mode: DecoratorMode): Promise<string> {
  const tsc = new URL("node_modules/typescript/bin/tsc", root).pathname;
  const options = [
    "--ignoreConfig",
    "--noCheck",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--allowImportingTsExtensions",
    "--outDir",
    join(file, "../out"),
  ];
  if (mode === "legacy") options.push("--experimentalDecorators");
  // Imported files are not compiled again: they exist as they are.
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, ...options, "--noResolve", file], { encoding: "utf8" });
  try {
    return await readFile(join(file, "../out/fixture.mjs"), "utf8");
  } catch {
    throw new Error(`tsc made nothing: ${stdout}${stderr}`);
  }
}
