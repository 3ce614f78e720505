import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../golden");

/** Compares a text with the file of that name under `test/golden`; with `UPDATE_GOLDEN=1` it writes the file instead. */
export async function assertGolden(name: string, text: string): Promise<void> {
  const path = join(folder, name);
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(path, text);
  assert.fixture(text, await readFile(path, "utf8"));
}
