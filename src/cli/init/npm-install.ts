import { spawn } from "node:child_process";
import { once } from "node:events";
import { messageOf } from "../../base/error-text.ts";
import type { Output } from "../output.ts";

/**
 * Runs `npm install`, which shows its own progress on the standard error. Returns true if it succeeded.
 *
 * @param ofRelease True if beehive-actors comes from the registry, which may not have this release.
 */
export async function npmInstall(
  folder: string,
  output: Output,
  signal: AbortSignal,
  ofRelease: boolean,
): Promise<boolean> {
  output.note("npm install ...");
  const arguments_ = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
  // npm must not write to the standard output of the command. On Windows npm is a script, which needs a shell.
  const child = spawn("npm", arguments_, {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    signal,
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (code === 0) return true;
    output.complain(
      `npm install ended with ${code ?? "a signal"}. The files are created: fix the problem that npm reports, ` +
        "and run npm install there.",
    );
    if (ofRelease)
      output.complain(
        "If npm did not find beehive-actors, run npm install FILE.tgz there, or start again in an empty folder " +
          "with beehive init --package FILE.tgz.",
      );
  } catch (error) {
    output.complain(`npm could not be run: ${messageOf(error)}`);
  }
  return false;
}
