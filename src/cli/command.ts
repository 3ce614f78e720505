import type { Command } from "commander";
import type { Provider } from "../contract/provider.ts";
import type { Application } from "./application.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";
import type { Settings } from "./settings.ts";

/**
 * One command of `beehive`, in a file of its own under `commands/`, listed in `program.ts`:
 *
 * ```ts
 * export const count: CliCommand = defineCommand<{ limit: string }, [modules: string[]]>({
 *   name: "count",
 *   summary: "count the actors of modules",
 *   define: (command) =>
 *     command.argument("[modules...]", moduleArgument).option("--limit <n>", "count no further", "10"),
 *   examples: [["beehive count src/actors.ts", "all of one module"]],
 *   async run({ output, application }, { limit }, modules) {
 *     const { descriptors } = await application(modules);
 *     if (output.json) output.result({ actors: descriptors.length });
 *     else output.print(`${descriptors.length} actors`);
 *     return descriptors.length > Number(limit) ? exitCode.failed : exitCode.well;
 *   },
 * });
 * ```
 *
 * The frame adds `--json`, `--config FILE` and the examples to the help, and prints what is thrown on the standard
 * error, secrets masked: `UsageError` and configurations that are wrong end with 2, anything else with 1. A command
 * never calls `process.exit`, never writes to `process.stdout` and opens providers by its context only.
 */
export interface CliCommand<Options extends object = never, Arguments extends readonly unknown[] = never> {
  /** One word, or two for a command of a group: `dead-letters list`. */
  readonly name: string;
  /** In the list of commands: what it does, without a capital or a full stop. */
  readonly summary: string;
  /** More of the same, below the usage: what somebody must know who has not read the documents. */
  readonly description?: string;
  /** Adds arguments and options. A default is shown by commander, so descriptions do not repeat it. */
  define(command: Command): Command;
  /** Shown in its help: each a command line and what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /**
   * Whether it watches `context.signal` and ends by itself when that aborts. Else the frame ends it with 130 at the
   * first SIGINT or SIGTERM. A second signal ends the process at once, always.
   */
  readonly endsItself?: boolean;
  /** Does it; resolves with the exit code, 0 when nothing is returned. */
  run(context: CommandContext, options: Options, ...given: Arguments): Promise<ExitCode | void>;
}

/** What a command is run with. Functions may be taken out of it; each answers the same when it is called again. */
export interface CommandContext {
  readonly output: Output;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** What flags, the environment and the configuration file say, in this order. Read when first asked for. */
  readonly settings: () => Promise<Settings>;
  /**
   * The actors, pulsers and event types of modules, with what the settings say of them. Nothing is opened or run.
   *
   * @param modules paths as the user gave them; those of the settings when empty.
   * @throws UsageError when there are none or one cannot be imported.
   */
  readonly application: (modules: readonly string[]) => Promise<Application>;
  /**
   * The provider of the settings, open; the frame closes it.
   *
   * @param options `make` whether a SQLite file that is not there is made.
   * @throws UsageError when nobody named one, it is `memory:`, in which another process sees nothing, or a file that is
   *   not there.
   */
  readonly provider: (options?: { readonly make?: boolean }) => Promise<Provider>;
}

/** The description of the argument `[modules...]`. */
export const moduleArgument =
  "modules that export actors, pulsers and event types (default: those of the configuration)";

/** A command, its options and arguments typed within it. */
export function defineCommand<Options extends object, Arguments extends readonly unknown[]>(
  command: CliCommand<Options, Arguments>,
): CliCommand {
  return command;
}
