import { execFileSync } from "node:child_process";
import { join } from "node:path";

export const root: string = join(import.meta.dirname, "../..");

interface RunOptions {
  /** @default the root of the project */
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** @default 60_000 */
  readonly timeoutMs?: number;
}

/** Returns the output of a command. @throws Error with all of its output when it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): string {
  const { cwd = root, environment = {}, timeoutMs: timeout = 60_000 } = options;
  try {
    const env = { ...process.env, ...environment };
    return execFileSync(command, args, { cwd, env, timeout, stdio: ["ignore", "pipe", "pipe"] }).toString();
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: Buffer | string; stderr?: Buffer | string };
    throw new Error(`${command} ${args.join(" ")} failed\n${String(stdout)}${String(stderr)}`, { cause: error });
  }
}

/** Runs one check and prints its result. @throws the error of the check. */
export async function check(what: string, body: () => unknown): Promise<void> {
  try {
    await body();
    console.log(`ok    ${what}`);
  } catch (error) {
    console.log(`FAIL  ${what}`);
    throw error;
  }
}
