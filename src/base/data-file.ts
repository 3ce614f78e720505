import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { messageOf } from "./error-text.ts";
import { jsonErrorPlace } from "./json-error.ts";

/** Whether a file is data rather than code, by its name. */
export function isDataFile(path: string): boolean {
  return [".json", ".yaml", ".yml"].includes(extname(path));
}

/**
 * Reads a file of settings: YAML when its name says so, else JSON. A mistake is told by its place alone: parsers quote the
 * text around it, and settings hold secrets.
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
    // What follows the first line is the text, so the error is not kept as the cause.
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(`it is not YAML: ${messageOf(error).split("\n", 1)[0]?.replace(/:$/, "")}`);
  }
}
