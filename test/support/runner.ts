/** Runs the runner in a child process on given test files. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

const SUITE_MODULE = new URL("./suite.ts", import.meta.url).href;

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly lastLine: string;
}

export interface RunOptions {
  readonly ci?: boolean;
  readonly args?: readonly string[];
  /** Called while it runs; `root` is the folder of the files. */
  readonly meanwhile?: (runner: ChildProcess, root: string) => Promise<void>;
}

/** Writes the given files into a new folder, and runs the runner on it. */
export async function runOn(
  files: Record<string, string>,
  { ci = false, args = [], meanwhile }: RunOptions = {},
): Promise<Outcome> {
  const root = await mkdtemp(join(tmpdir(), "beehive-runner-"));
  try {
    await writeFile(join(root, "package.json"), `{ "type": "module" }`);
    for (const [name, body] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), `import { suite } from ${JSON.stringify(SUITE_MODULE)};\n${body}`);
    }
    const env = { ...process.env, CI: ci ? "true" : "" };
    const command = ["--import", "tsx", "test/run.ts", "--root", root, ...args];
    const child = spawn(process.execPath, command, { env, stdio: ["ignore", "pipe", "pipe"] });
    const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
    const [out, err, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      closed,
      meanwhile?.(child, root),
    ]);
    return { code, output: out + err, lastLine: out.trimEnd().split("\n").at(-1) ?? "" };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

export const runOnOne = (body: string, options?: RunOptions): Promise<Outcome> => runOn({ "a.test.ts": body }, options);

/** Returns the output of a file: from its name to that of the next, or to the summary. */
export function blockOf(file: string, output: string): string {
  const [, block = ""] = output.split(new RegExp(`^\\S*/${file}\\n`, "m"));
  return block.split(/^\S+\.test\.ts\n|^FAIL /m)[0] ?? "";
}

export const PASSING = `
  const test = suite("Passing");
  test("given nothing, then it passes", () => {});
  test.run();
`;
