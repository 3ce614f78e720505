/** What the process ends with; docs/cli.md has them as a table. */
export const exitCode = {
  well: 0,
  /** The work failed, or a check found something. */
  failed: 1,
  /** A wrong command line, configuration or module: the same call cannot succeed. */
  usage: 2,
  /** SIGINT or SIGTERM ended what was not done. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The command line is wrong; the message says what is and what is right. Ends with {@link exitCode.usage}. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The file of a provider is not there, and was not to be made. */
export class MissingFile extends UsageError {}
