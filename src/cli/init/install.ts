import { spawn } from "node:child_process";
import { once } from "node:events";
import { messageOf } from "../../base/error-text.ts";
import type { Choices } from "./choices.ts";
import type { Output } from "../output.ts";

/**
 * Installs the packages of a starter, with the progress on the standard error. Returns true if it succeeded.
 *
 * @param ofRelease True if beehive-actors comes from the registry, which may not have this release.
 */
export async function install(
  manager: Choices["manager"],
  folder: string,
  output: Output,
  signal: AbortSignal,
  ofRelease: boolean,
): Promise<boolean> {
  output.note(`${manager} install ...`);
  const quietly = manager === "npm" ? ["--no-audit", "--no-fund", "--loglevel=error"] : [];
  // It must not write to the standard output of the command. On Windows it is a script, which needs a shell.
  const child = spawn(manager, ["install", ...quietly], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    signal,
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (code === 0) return true;
    output.complain(
      `${manager} install ended with ${code ?? "a signal"}. The files are created: fix the problem that it reports, ` +
        `and run ${manager} install there.`,
    );
    if (ofRelease)
      output.complain(
        `If ${manager} did not find beehive-actors, start again in an empty folder with ` +
          "beehive init --package FILE.tgz.",
      );
  } catch (error) {
    output.complain(`${manager} could not be run: ${messageOf(error)}`);
  }
  return false;
}
