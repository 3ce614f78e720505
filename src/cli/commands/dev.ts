import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { basename, extname } from "node:path";
import { systemClock, type Timer } from "../../base/clock.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { aborted } from "../terminal/interruption.ts";
import { withWorkerOptions } from "./run.ts";

/** How long no further file changes before a restart, in ms: editors and compilers write several. */
const quietMs = 100;
const extensions = new Set([".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json", ".yaml", ".yml"]);
/** Folders without sources, beside those whose names begin with a dot. */
const otherFolders = new Set(["node_modules", "dist", "build", "coverage"]);

export const dev: CliCommand = defineCommand<object, [modules: string[]]>({
  name: "dev",
  summary: "run a worker, and restart it when a file changes",
  description:
    "Runs the actors of modules as beehive run does, with the same options. It restarts the worker when a source or a " +
    "configuration file changes in this folder or below; actors finish first. After an error it waits for the next " +
    "change. Events of memory: end with each worker; those of sqlite: stay.",
  define: withWorkerOptions,
  examples: [
    ["beehive dev src/actors.ts --provider sqlite:./hive.db", "actors that restart while you write them"],
    ["beehive dev", "the modules of the configuration"],
  ],
  endsItself: true,
  async run({ output, signal, settings }) {
    const folder = process.cwd();
    const config = await settings().then(({ file }) => (file === undefined ? [] : [file]), noFiles);
    const { watch } = await import("chokidar");
    const watcher = watch([folder, ...config], { ignoreInitial: true, ignored: (path) => isOther(path, folder) });
    let worker = Promise.resolve(startWorker(output));
    let restarting: Timer | undefined;
    watcher.on("all", (_, path) => {
      if (!extensions.has(extname(path))) return;
      restarting?.cancel();
      restarting = systemClock.after(quietMs, () => {
        output.note(`${basename(path)} has changed: restarting.`);
        worker = worker.then(stopped).then(() => startWorker(output));
      });
    });
    // The worker is not in the group that a closed terminal ends.
    process.once("SIGHUP", () => process.emit("SIGTERM"));
    await aborted(signal);
    restarting?.cancel();
    await Promise.all([watcher.close(), stopped(await worker)]);
    return exitCode.well;
  },
});

/** The command line may name the modules where the configuration is wrong. */
function noFiles(): string[] {
  return [];
}

function isOther(path: string, folder: string): boolean {
  const name = basename(path);
  return path !== folder && (name.startsWith(".") || otherFolders.has(name));
}

/** Starts `beehive run` with the words of this command line. */
function startWorker(output: Output): ChildProcess {
  const [, main = "", ...words] = process.argv;
  const own = words.with(words.indexOf("dev"), "run");
  // In a process group of its own: Ctrl-C reaches it through this process alone, once.
  const worker = spawn(process.execPath, [...process.execArgv, main, ...own], {
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  worker.on("exit", (code) => {
    if (code !== null && code !== exitCode.well)
      output.note("The worker has ended. It starts again at the next change.");
  });
  return worker;
}

/** Stops a worker as Ctrl-C does, and waits for its end. */
async function stopped(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const ended = once(worker, "exit");
  worker.kill("SIGTERM");
  await ended;
}
