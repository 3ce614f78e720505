/** Runs a command on a pseudo-terminal, by `script` of util-linux or of BSD. */
import { plainEnvironment, root, startProcess, type Ended } from "./cli.ts";

export interface Screen extends Pick<Ended, "code"> {
  /** Output; a terminal has a single stream. */
  readonly screen: string;
}

export interface Typing {
  /** Waits for this text on the screen. */
  readonly after: string;
  readonly type: string;
}

/** @param typing Acts as the person at the terminal. @default only watches */
export async function onTerminal(
  command: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  typing?: Typing,
): Promise<Screen> {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const args =
    process.platform === "darwin"
      ? ["-q", "/dev/null", ...command]
      : ["--quiet", "--return", "--flush", "--command", quoted, "/dev/null"];
  const env = plainEnvironment({ TERM: "xterm-256color", ...environment });
  using running = startProcess("script", args, { cwd: root, env });
  try {
    if (typing) {
      await running.says(typing.after);
      running.child.stdin.write(typing.type);
    }
    const { code, stdout, stderr } = await running.ended;
    return { code, screen: stdout + stderr };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new Error("These tests need a terminal: install script, which is in util-linux.", { cause });
  }
}
