#!/usr/bin/env node
/** The executable `beehive`; try `npx beehive help`. */
import { ownManifest } from "../base/package-root.ts";
import { commandsFor } from "./commands/index.ts";
import { main } from "./program.ts";
import { projectCommandLine } from "./project-install.ts";

const installed = projectCommandLine(process.cwd());
await (installed === undefined ? start() : import(installed));

async function start(): Promise<void> {
  // The reader of a pipe may close it early, as `head` does.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  const words = process.argv.slice(2);
  const code = await main(await commandsFor(words), ownManifest().version, words);
  // Exit even if the user's modules left something open, but only after all output is written.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
