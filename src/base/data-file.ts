import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { messageOf } from "./error-text.ts";
import { jsonErrorPlace } from "./json-error.ts";

/** Returns whether a file is JSON or YAML, by its name. */
export function isDataFile(path: string): boolean {
  return [".json", ".yaml", ".yml"].includes(extname(path));
}

/**
 * Reads a file of settings: YAML by its name, else JSON.
 *
 * Its errors name the place of a mistake only: parsers quote the text around it, and settings hold secrets.
 */
export async function readDataFile(path: string): Promise<unknown> {
  const text = (await readFile(path, "utf8")).replace(/^\ufeff/, "");
  if (extname(path) === ".yaml" || extname(path) === ".yml") return parseYaml(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`it is not JSON, wrong ${jsonErrorPlace(text) ?? "somewhere"}`);
  }
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text);
  } catch (error) {
    // The message quotes the text after its first line, so the error is not kept as the cause.
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(`it is not YAML: ${messageOf(error).split("\n", 1)[0]?.replace(/:$/, "")}`);
  }
}
