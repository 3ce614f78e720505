/** The exit codes of the process. docs/cli.md has a table of them. */
export const exitCode = {
  well: 0,
  /** The work failed, or a check found a problem. */
  failed: 1,
  /** The command line, the configuration or a module is wrong: the same call cannot succeed. */
  usage: 2,
  /** SIGINT or SIGTERM ended the command before it was done. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** A mistake of the user. The message names the mistake and the remedy. Ends with {@link exitCode.usage}. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The file of a provider does not exist, and the command must not create it. */
export class MissingFile extends UsageError {}
