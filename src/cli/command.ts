import type { Command } from "commander";
import type { Provider } from "../contract/provider.ts";
import type { Application } from "./application.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";
import type { Settings } from "./settings.ts";

/**
 * A command of `beehive`, in a file of its own in `commands/`, listed in `commands/index.ts`:
 *
 * ```ts
 * export const count: CliCommand = defineCommand<{ limit: string }, [modules: string[]]>({
 *   name: "count",
 *   summary: "count the actors of modules",
 *   define: (command) =>
 *     command.argument("[modules...]", moduleArgument).option("--limit <n>", "fail above this count", "10"),
 *   examples: [["beehive count src/actors.ts", "the actors of one module"]],
 *   async run({ output, application }, { limit }, modules) {
 *     const { descriptors } = await application(modules);
 *     if (output.json) output.result({ actors: descriptors.length });
 *     else output.print(`${descriptors.length} actors`);
 *     return descriptors.length > Number(limit) ? exitCode.failed : exitCode.well;
 *   },
 * });
 * ```
 *
 * `program.ts` adds `--json`, `--config FILE` and the examples to the help. It prints errors on the standard error with
 * secrets masked, and ends with 2 after a `UsageError` or a wrong configuration, with 1 after any other error. A
 * command never calls `process.exit`, never writes to `process.stdout` and opens providers only through its context.
 */
export interface CliCommand<Options extends object = never, Arguments extends readonly unknown[] = never> {
  /** A word, or two for a command of a group: `dead-letters list`. */
  readonly name: string;
  /** The line in the list of commands, without a capital or a full stop. */
  readonly summary: string;
  /**
   * The text below the usage, complete for a reader who has not read the documents.
   *
   * @default the summary
   */
  readonly description?: string;
  /** Adds arguments and options. Commander shows defaults, so descriptions do not repeat them. */
  define(command: Command): Command;
  /** Command lines for the help, each with its effect. */
  readonly examples: readonly (readonly [line: string, effect: string])[];
  /**
   * True if the command watches `context.signal` and ends by itself when it aborts.
   *
   * Any other command ends with 130 at the first SIGINT or SIGTERM. A second signal always ends the process at once.
   *
   * @default false
   */
  readonly endsItself?: boolean;
  /** Runs the command. Resolves with the exit code; undefined means 0. */
  run(context: CommandContext, options: Options, ...given: Arguments): Promise<ExitCode | void>;
}

/** The context of a running command. Its functions may be destructured, and return the same on each call. */
export interface CommandContext {
  readonly output: Output;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Reads the settings: flags, then the environment, then the configuration file. */
  readonly settings: () => Promise<Settings>;
  /**
   * Loads the actors, pulsers and event types of modules, with their settings. Opens and runs nothing.
   *
   * @param modules Paths as the user gave them. When empty, the modules of the settings are loaded.
   * @param more Further modules, such as those of a stage file.
   * @throws UsageError when there are no modules, or one cannot be imported.
   */
  readonly application: (modules: readonly string[], more?: readonly string[]) => Promise<Application>;
  /**
   * Opens the provider of the settings. `program.ts` closes it.
   *
   * @param options With `make`, creates a SQLite file that does not exist.
   * @throws UsageError when no provider is set, the file does not exist, or it is `memory:`, which no other process can
   *   see into.
   */
  readonly provider: (options?: { readonly make?: boolean }) => Promise<Provider>;
}

/** The description of the argument `[modules...]`. */
export const moduleArgument =
  "modules that export actors, pulsers and event types (default: those of the configuration)";

/** Defines a command, and infers the types of its options and arguments. */
export function defineCommand<Options extends object, Arguments extends readonly unknown[]>(
  command: CliCommand<Options, Arguments>,
): CliCommand {
  return command;
}
