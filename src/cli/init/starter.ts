import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { messageOf } from "../../base/error-text.ts";
import { listOf } from "../config-file.ts";
import { UsageError } from "../exit-code.ts";
import { ownFile } from "../../base/package-root.ts";
import type { Choices } from "./choices.ts";
import { commandsOf } from "./commands-of.ts";
import { starterManifest } from "./manifest.ts";

/**
 * Writes the files of a starter into a folder and returns their names.
 *
 * Templates with names that tools would act on are renamed: `tsconfig.template.json` to `tsconfig.json`,
 * `gitignore.template` to `.gitignore`.
 *
 * @throws UsageError when one of the files exists; then none is written.
 */
export async function writeStarter(folder: string, spec: string, choices: Choices): Promise<string[]> {
  const files: [string, string][] = [
    ["package.json", starterManifest(folder, spec, choices)],
    ...(await templates(choices)),
  ];
  const existing = [];
  for (const [name] of files) if (await exists(join(folder, name))) existing.push(name);
  if (existing.length > 0) throw new UsageError(listOf(`${folder} has files that would be overwritten`, existing));
  for (const [name, text] of files) {
    const path = join(folder, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      // "wx" fails on a file that was created since the check.
      await writeFile(path, text, { flag: "wx" });
    } catch (cause) {
      throw new UsageError(`${path} cannot be written: ${messageOf(cause)}`, { cause });
    }
  }
  return files.map(([name]) => name);
}

/** Returns the files of the starter by their names; those of a choice replace others. */
async function templates({ style, provider, runner, manager }: Choices): Promise<ReadonlyMap<string, string>> {
  const folders = [
    "starter",
    ...(style === "functions" ? ["functions"] : []),
    ...(provider === "sqlite" ? [] : ["servers", provider]),
  ];
  const files = new Map<string, string>();
  for (const folder of folders)
    for (const [name, text] of await filesIn(`templates/${folder}`)) files.set(name, commandsOf(manager, text));
  const tests = [...files].filter(([name]) => runner === "vitest" && name.endsWith(".test.ts"));
  for (const [name, text] of tests) files.set(name, text.replace("node:test", "vitest"));
  return files;
}

async function filesIn(folder: string): Promise<[string, string][]> {
  const root = ownFile(folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(
    paths.toSorted().map(async (path) => [targetOf(relative(root, path)), await readFile(path, "utf8")]),
  );
}

function targetOf(path: string): string {
  return path.endsWith("ignore.template") ? `.${path.replace(".template", "")}` : path.replace(".template.", ".");
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
