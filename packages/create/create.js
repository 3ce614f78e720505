#!/usr/bin/env node
// `npm create beehive-actors shop` is `beehive init shop`, with the same options.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const folder = dirname(createRequire(import.meta.url).resolve("beehive-actors/package.json"));
const init = [join(folder, "dist/src/cli/main.js"), "init", ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, init, { stdio: "inherit" }).status ?? 1;
