import { messageOf } from "../../base/error-text.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Output } from "../output.ts";

/**
 * Runs `npm install`, which shows its own progress on the standard error; returns whether it ended well.
 *
 * @param ofRelease Whether beehive-actors is asked of the registry, which may not have this release.
 */
export async function npmInstall(
  folder: string,
  output: Output,
  signal: AbortSignal,
  ofRelease: boolean,
): Promise<boolean> {
  output.note("npm install ...");
  const arguments_ = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
  // The standard output is the command's own. npm is a script on Windows, which only a shell finds.
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
      `npm install ended with ${code ?? "a signal"}; the files are there: mend what npm says and run npm install there.`,
    );
    if (ofRelease)
      output.complain(
        "Did npm not find beehive-actors? Install it from elsewhere with npm install FILE.tgz there, or begin anew in an empty folder with beehive init --package FILE.tgz.",
      );
  } catch (error) {
    output.complain(`npm could not be run: ${messageOf(error)}`);
  }
  return false;
}
