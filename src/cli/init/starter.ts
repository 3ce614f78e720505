import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { messageOf } from "../../base/error-text.ts";
import { listOf } from "../config-file.ts";
import { UsageError } from "../exit-code.ts";
import { ownFile } from "../../base/package-root.ts";
import { starterManifest } from "./manifest.ts";

/** How the actors of a starter are written. */
export const styles = ["classes", "functions"] as const;
export type Style = (typeof styles)[number];

/**
 * Writes the files of a starter into a folder and returns their names.
 *
 * Templates with names that tools would act on are renamed: `tsconfig.template.json` to `tsconfig.json`,
 * `gitignore.template` to `.gitignore`.
 *
 * @throws UsageError when one of the files exists; then none is written.
 */
export async function writeStarter(folder: string, spec: string, style: Style): Promise<string[]> {
  const files = [["package.json", starterManifest(folder, spec)], ...(await templates(style))] as [string, string][];
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

/** Returns the files of the starter by their names; those of a style replace others. */
async function templates(style: Style): Promise<ReadonlyMap<string, string>> {
  const files = new Map(await filesIn("templates/starter"));
  if (style === "functions") for (const [name, text] of await filesIn("templates/functions")) files.set(name, text);
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
