#!/usr/bin/env node
/** The command `beehive`: `npx beehive help`. */
import { commands } from "./commands/index.ts";
import { ownManifest } from "./own-package.ts";
import { main } from "./program.ts";
import { projectCommandLine } from "./project-copy.ts";

const installed = projectCommandLine(process.cwd());
await (installed === undefined ? start() : import(installed));

async function start(): Promise<void> {
  // Whoever reads from a pipe may go before it ends, as `head` does.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  const code = await main(commands, ownManifest().version, process.argv.slice(2));
  // What the user's modules left open must not keep the process; what was printed must have left it.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
