import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../../base/error-text.ts";
import type { SchemaFiles } from "../../schemas/schema-folder.ts";
import { UsageError } from "../exit-code.ts";

const run = promisify(execFile);
const maxBytes = 256 * 1024 * 1024;

/** Returns the files of a folder in a commit of git: a branch, a tag or a hash. */
export function gitFiles(reference: string, folder: string): SchemaFiles {
  // The folder is relative to this one, as it is for everything else.
  const prefix = `./${folder.replace(/^\.\//, "").replace(/\/+$/, "")}/`;
  return {
    place: `${folder} at ${reference}`,
    async list() {
      const out = await git(reference, ["ls-tree", "-r", "--name-only", "-z", reference, prefix]);
      const start = prefix.slice(2);
      return out
        .toString()
        .split("\0")
        .filter((path) => path.startsWith(start))
        .map((path) => path.slice(start.length));
    },
    async read(path) {
      const known = await this.list();
      return known.includes(path) ? await git(reference, ["show", `${reference}:${prefix}${path}`]) : undefined;
    },
  };
}

async function git(reference: string, words: readonly string[]): Promise<Buffer> {
  if (reference.startsWith("-")) throw new UsageError(`"${reference}" is no commit of git.`);
  try {
    const { stdout } = await run("git", [...words], { encoding: "buffer", maxBuffer: maxBytes });
    return stdout;
  } catch (cause) {
    throw new UsageError(`git cannot read "${reference}", which is no folder either: ${messageOf(cause)}`, { cause });
  }
}
