import { systemClock } from "./clock.ts";
import { errorData } from "./error-data.ts";
import { logLine } from "./log-line.ts";
import { printable } from "./printable.ts";
import { ifRejected } from "./rejection.ts";
import { safeText } from "./safe-text.ts";

/**
 * Structured logging: fields first, then the message. A pino logger satisfies it as it is. Errors come under `err`, as plain
 * data that any logger can write.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Logs nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Writes warnings and errors as one JSON line each to the standard error: the logger of a hive that is given none. What
 * looks like a secret is masked, in the causes of errors too.
 */
export const standardErrorLogger: Logger = {
  ...silentLogger,
  warn: (fields, message) => write("warn", fields, message),
  error: (fields, message) => write("error", fields, message),
};

function write(level: string, fields: object, message: string): void {
  process.stderr.write(`${printable(logLine(systemClock.now(), level, fields, message))}\n`);
}

/**
 * Returns the same logger with errors as plain data: under `err`, and wherever an `Error` is the value of a field. What the
 * logger throws is dropped: the caller is in the middle of something.
 */
export function safeLogger(logger: Logger): Logger {
  // The stack of an error is made when it is read, which takes time.
  if (logger === silentLogger) return logger;
  const trying =
    (level: keyof Logger): Logger["info"] =>
    (fields, message) => {
      try {
        const logged: unknown = logger[level](errorsAsData(fields), message);
        ifRejected(logged, () => {});
      } catch {
        // There is nobody else to tell.
      }
    };
  return { debug: trying("debug"), info: trying("info"), warn: trying("warn"), error: trying("error") };
}

const maxReason = 2_048;

/** The fields as they are when there is no error among them: most lines have none. */
function errorsAsData(fields: object): object {
  let changed: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const data = asData(name, value);
    if (data !== value) (changed ??= { ...fields })[name] = data;
  }
  return changed ?? fields;
}

/** A reason is the message of an error, or holds one. */
function asData(name: string, value: unknown): unknown {
  if (name === "reason" && typeof value === "string") return safeText(value, maxReason);
  return value instanceof Error || (name === "err" && value !== undefined) ? errorData(value) : value;
}

/** A logger that adds these fields to every line. */
export function withFields(logger: Logger, extra: object): Logger {
  return {
    debug: (fields, message) => logger.debug({ ...extra, ...fields }, message),
    info: (fields, message) => logger.info({ ...extra, ...fields }, message),
    warn: (fields, message) => logger.warn({ ...extra, ...fields }, message),
    error: (fields, message) => logger.error({ ...extra, ...fields }, message),
  };
}
