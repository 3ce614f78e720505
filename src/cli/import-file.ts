import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "../base/error-text.ts";
import { UsageError } from "./exit-code.ts";

type Exports = Readonly<Record<string, unknown>>;

const indexFiles = ["index.ts", "index.js", "index.mjs"];

/**
 * Imports a file of the user, or the index of a folder.
 *
 * TypeScript is run by the `tsx` of the user's project, because Node does not run decorators. Without `tsx`, Node itself
 * runs TypeScript from 22.18, which is enough for actors that are functions.
 *
 * @throws UsageError when the file does not exist, `tsx` is not installed, or the file throws while it is imported.
 */
export async function importFile(path: string): Promise<Exports> {
  const file = fileAt(resolve(path));
  if (file === undefined) throw new UsageError(`There is no file ${path}.`);
  if (/\.[mc]?tsx?$/.test(file)) await understandTypeScript(file);
  try {
    return (await import(pathToFileURL(file).href)) as Exports;
  } catch (cause) {
    throw new UsageError(`${path} cannot be imported: ${describe(cause)}${decoratorHint(cause, file)}`, { cause });
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
    if (stripsTypes()) return;
    throw new UsageError(
      `${file} is TypeScript and needs tsx, which is not installed. Run npm install -D tsx, or name the ` +
        "JavaScript built " +
        "from it, for example in BEEHIVE_MODULES",
      { cause },
    );
  }
  await import(pathToFileURL(found).href);
}

/** Returns whether Node itself runs TypeScript without decorators. */
function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: string | false }).typescript);
}

/** Returns the cure for TypeScript that Node itself cannot run, such as decorators. */
function decoratorHint(error: unknown, file: string): string {
  const isSyntax = error instanceof SyntaxError && /\.[mc]?tsx?$/.test(file);
  return isSyntax ? "\nNode runs no decorators: run npm install -D tsx, or write the actors as functions" : "";
}

/** Returns the message of an error with the places in the user's own code. */
function describe(error: unknown): string {
  const own = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  const places = own.filter((line) => /^\s+at /.test(line) && !/\bnode:|node_modules/.test(line)).slice(0, 3);
  return [messageOf(error), ...places].join("\n");
}
