import { Command, CommanderError } from "commander";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { CliCommand } from "./command.ts";
import { contextOf } from "./context.ts";
import { exitCode, UsageError, type ExitCode } from "./exit-code.ts";
import { aborted, interruption } from "./terminal/interruption.ts";
import { Output } from "./output.ts";

/** The descriptions of command groups. */
const groups: Readonly<Record<string, string>> = {
  "dead-letters": "list, show, requeue or drop dead letters",
  schema: "check, push and fork the schemas of events",
};

/**
 * Runs one command line and returns the exit code. Never throws an error of a command.
 *
 * @param words The words after `beehive`.
 */
export async function main(
  commands: readonly CliCommand[],
  version: string,
  words: readonly string[],
): Promise<ExitCode> {
  let code: ExitCode = exitCode.well;
  const program = programOf(commands, version, async (command, options, given) => {
    code = await run(command, options, given);
  });
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    // Commander has printed the problem, or the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.well : exitCode.usage;
    throw error;
  }
}

export type Run = (command: CliCommand, options: object, given: readonly unknown[]) => Promise<void>;

/** Makes the commander program of the commands. `run` is called with the command of the line. */
export function programOf(commands: readonly CliCommand[], version: string, run: Run): Command {
  const program = new Command("beehive")
    .description("Reactive cloud actors: create, run and operate hives.")
    .version(version)
    .exitOverride()
    // A command with commands of its own must not take their options.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText("after", "\nRun beehive help COMMAND for options and examples. More: docs/cli.md of beehive-actors.");
  const groupOf = (name: string): Command => {
    const found = program.commands.find((one) => one.name() === name);
    if (found) return found;
    const group = program.command(name).description(groups[name] ?? "");
    return group.exitOverride();
  };
  for (const command of commands) {
    const words = command.name.split(" ");
    const parent = words.length > 1 ? groupOf(words[0] ?? "") : program;
    const own = parent.command(words.at(-1) ?? "").summary(command.summary);
    command
      .define(own.description(command.description ?? sentence(command.summary)))
      .option("--config <file>", "the configuration file (default: beehive.config.* in this folder or above)")
      .option("--json", "print JSON for programs")
      .addHelpText("after", examplesOf(command))
      .exitOverride()
      .action((...given: unknown[]) => run(command, own.opts(), given.slice(0, -2)));
  }
  return program;
}

async function run(command: CliCommand, options: object, given: readonly unknown[]): Promise<ExitCode> {
  const output = new Output("json" in options);
  const signal = interruption(output);
  const context = contextOf(command.name, options as Readonly<Record<string, unknown>>, output, signal);
  const work = command.run(context, options as never, ...(given as never)).then((code) => code ?? exitCode.well);
  const interrupted = aborted(signal).then(() => exitCode.interrupted);
  try {
    return await (command.endsItself === true ? work : Promise.race([work, interrupted]));
  } catch (error) {
    output.complain(describe(error));
    return isUsage(error) ? exitCode.usage : exitCode.failed;
  } finally {
    await close(context.close, output);
  }
}

async function close(body: () => Promise<void>, output: Output): Promise<void> {
  try {
    await body();
  } catch (error) {
    output.complain(`the provider could not be closed: ${messageOf(error)}`);
  }
}

function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  return (
    error instanceof BeeHiveError && ["InvalidConfiguration", "InvalidQueueName", "InvalidKey"].includes(error.code)
  );
}

/** Returns the message of our own errors, and the stack of any other. */
function describe(error: unknown): string {
  if (error instanceof UsageError || error instanceof BeeHiveError || !(error instanceof Error))
    return messageOf(error);
  return error.stack ?? error.message;
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

function examplesOf({ examples }: CliCommand): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`);
  return ["", "Examples:", ...lines].join("\n");
}
