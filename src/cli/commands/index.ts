import type { CliCommand } from "../command.ts";

/**
 * The commands by the first word of a line, in the order of the help. A new command adds its line here.
 *
 * Each loads its own file alone: a command starts faster without the others.
 */
const loaders: Readonly<Record<string, () => Promise<readonly CliCommand[]>>> = {
  init: async () => [(await import("./init.ts")).init],
  run: async () => [(await import("./run.ts")).run],
  dev: async () => [(await import("./dev.ts")).dev],
  stages: async () => [(await import("./stages.ts")).stages],
  push: async () => [(await import("./push.ts")).push],
  relay: async () => [(await import("./relay.ts")).relay],
  queues: async () => [(await import("./queues.ts")).queues],
  dashboard: async () => [(await import("./dashboard.ts")).dashboard],
  peek: async () => [(await import("./peek.ts")).peek],
  "dead-letters": async () => [
    ...(await import("./dead-letters.ts")).deadLetters,
    ...(await import("./letters.ts")).moreDeadLetters,
  ],
  cancel: async () => [(await import("./purge.ts")).cancel],
  purge: async () => [(await import("./purge.ts")).purge],
  pause: async () => [(await import("./pause.ts")).pause],
  resume: async () => [(await import("./pause.ts")).resume],
  set: async () => [(await import("./set.ts")).set],
  hives: async () => [(await import("./hives.ts")).hives],
  schedules: async () => [(await import("./schedules.ts")).schedules],
  acts: async () => [(await import("./acts.ts")).acts],
  trace: async () => [(await import("./trace.ts")).trace],
  log: async () => [
    (await import("./log.ts")).log,
    (await import("./log-export.ts")).logExport,
    (await import("./log-import.ts")).logImport,
  ],
  rewind: async () => [(await import("./rewind.ts")).rewind],
  replay: async () => [(await import("./replay.ts")).replay],
  history: async () => [(await import("./history.ts")).history],
  setup: async () => [(await import("./setup.ts")).setup],
  policy: async () => [(await import("./policy.ts")).policy],
  backup: async () => [(await import("./backup.ts")).backup],
  graph: async () => [(await import("./graph.ts")).graph],
  lint: async () => [(await import("./lint.ts")).lint],
  schema: async () => [
    (await import("./schema-check.ts")).schemaCheck,
    (await import("./schema-push.ts")).schemaPush,
    (await import("./schema-fork.ts")).schemaFork,
  ],
  simulate: async () => [(await import("./simulate.ts")).simulate],
  doctor: async () => [(await import("./doctor.ts")).doctor],
  estimate: async () => [(await import("./estimate.ts")).estimate],
  config: async () => [(await import("./config.ts")).config],
};

/** Returns the commands that a line may mean: those of its first word, else all, for the help and for suggestions. */
export async function commandsFor([word = ""]: readonly string[]): Promise<readonly CliCommand[]> {
  return Object.hasOwn(loaders, word) ? await (loaders[word] as (typeof loaders)[string])() : await allCommands();
}

/** Returns all commands, in the order of the help. */
export async function allCommands(): Promise<readonly CliCommand[]> {
  return (await Promise.all(Object.values(loaders).map((load) => load()))).flat();
}
