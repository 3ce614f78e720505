import type { Command } from "commander";
import { userInfo } from "node:os";
import { UsageError } from "./exit-code.ts";

/** The option of every command that changes what runs. */
export interface AsOptions {
  readonly as?: string;
}

/** Adds `--as`, the name in the record of acts. */
export function asOption(command: Command): Command {
  return command.option("--as <name>", "who does it, for the record of acts (default: your user name)");
}

/** Returns the operator of a call. @throws UsageError when neither an option nor the system names one. */
export function operatorOf({ as: name }: AsOptions): string {
  if (name !== undefined) return name;
  try {
    return userInfo().username;
  } catch (cause) {
    throw new UsageError("The system does not say who you are; name yourself with --as NAME.", { cause });
  }
}
