/** Runs the command line from its sources, in its own process. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = join(dirname(fileURLToPath(import.meta.url)), "../..");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Standard input. @default empty */
  readonly input?: string;
  /** Keeps the standard input open. */
  readonly keepInput?: boolean;
  /** Flags of Node. */
  readonly node?: readonly string[];
}

/** A running command, with its output so far. Disposal kills it. */
export interface Running extends Disposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** Resolves after this output on either stream; rejects when the command ends without it. */
  says(text: string): Promise<void>;
  /** Sends a signal to it and its children, as Ctrl-C on a terminal does. */
  signal(name: NodeJS.Signals): void;
  /** Standard output so far. */
  said(): string;
}

/** The command that runs the command line. */
export function cliCommand(args: readonly string[], node: readonly string[] = []): readonly [string, ...string[]] {
  const tsx = import.meta.resolve("tsx");
  return [process.execPath, ...node, "--import", tsx, "-C", "beehive-source", join(root, "src/cli/main.ts"), ...args];
}

/** The environment without variables that affect the command line. */
export function plainEnvironment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(BEEHIVE_.*|CI|NO_COLOR|FORCE_COLOR)$/.test(name));
  return { ...Object.fromEntries(kept), ...changes };
}

export function startCli(
  args: readonly string[],
  { cwd = root, environment, input, keepInput = false, node }: CliOptions = {},
): Running {
  const [command, ...rest] = cliCommand(args, node);
  const running = startProcess(command, rest, { cwd, env: plainEnvironment(environment) });
  if (!keepInput) running.child.stdin.end(input);
  return running;
}

export function startProcess(
  command: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Running {
  // In its own process group, so that its children end with it.
  const child = spawn(command, args, { cwd, env, stdio: "pipe", detached: true });
  child.stdin.on("error", () => {});
  let stdout = "";
  let stderr = "";
  const looks = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    for (const look of looks) look();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    for (const look of looks) look();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!stdout.includes(text) && !stderr.includes(text)) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      look();
      ended.then(() => reject(new Error(`it ended without saying "${text}":\n${stdout}\n${stderr}`)), reject);
    });
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, name);
  };
  return { child, ended, says, said: () => stdout, signal, [Symbol.dispose]: () => signal("SIGKILL") };
}

export function cli(args: readonly string[], options?: CliOptions): Promise<Ended> {
  return startCli(args, options).ended;
}

/** Returns a new folder with these files. */
export function folderWith(
  files: Readonly<Record<string, string>> = {},
): Disposable & { readonly path: string; at(name: string): string } {
  const path = mkdtempSync(join(tmpdir(), "beehive-cli-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return {
    path,
    at: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Returns the path of a module of the tests. */
export function cliModule(name: string): string {
  return join(root, "test/cli/modules", `${name}.ts`);
}
