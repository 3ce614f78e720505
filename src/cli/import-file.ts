import { messageOf } from "../base/error-text.ts";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "./exit-code.ts";

type Exports = Readonly<Record<string, unknown>>;

const indexFiles = ["index.ts", "index.js", "index.mjs"];

/**
 * Imports a file of the user's, or the index of a folder: JavaScript by Node, TypeScript by the `tsx` that is
 * installed beside it, because Node runs no decorators.
 *
 * @throws UsageError when there is no such file, `tsx` is missing, or the file fails while it is imported.
 */
export async function importFile(path: string): Promise<Exports> {
  const file = fileAt(resolve(path));
  if (file === undefined) throw new UsageError(`There is no file ${path}.`);
  if (/\.[mc]?tsx?$/.test(file)) await understandTypeScript(file);
  try {
    return (await import(pathToFileURL(file).href)) as Exports;
  } catch (cause) {
    throw new UsageError(`${path} cannot be imported: ${describe(cause)}`, { cause });
  }
}

function fileAt(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) return path;
  return indexFiles.map((name) => join(path, name)).find((name) => existsSync(name));
}

let typeScript: Promise<void> | undefined;

function understandTypeScript(file: string): Promise<void> {
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
  const active = flags.some((flag) => /(?:^|[\\/=])tsx(?:[\\/]|$)/.test(flag));
  return (typeScript ??= active ? Promise.resolve() : registerTsx(file));
}

async function registerTsx(file: string): Promise<void> {
  let found: string;
  try {
    found = createRequire(file).resolve("tsx/esm");
  } catch (cause) {
    throw new UsageError(
      `${file} is TypeScript, which is run by tsx, and tsx is not installed: npm install -D tsx, or name the JavaScript that was built from it, also by BEEHIVE_MODULES`,
      {
        cause,
      },
    );
  }
  await import(pathToFileURL(found).href);
}

/** The message of an error and where in the user's own code it was thrown. */
function describe(error: unknown): string {
  const own = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  const places = own.filter((line) => /^\s+at /.test(line) && !/node:internal|node_modules/.test(line)).slice(0, 3);
  return [messageOf(error), ...places].join("\n");
}
