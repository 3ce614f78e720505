import { systemClock } from "./clock.ts";
import { errorData } from "./error-data.ts";
import { logLine } from "./log-line.ts";
import { printable } from "./printable.ts";
import { ifRejected } from "./rejection.ts";
import { safeText } from "./safe-text.ts";

/**
 * Structured logging: fields first, then the message. A pino logger is one.
 *
 * Errors are in the field `err`, as plain data that any logger can write.
 *
 * @example
 * createHive({ actors, logger: pino() });
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
 * Writes warnings and errors to the standard error, a JSON line each. The default logger of a hive.
 *
 * Masks secrets, also in the causes of errors.
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
 * Returns the logger with errors as plain data, in `err` and in all other fields.
 *
 * Swallows errors of the logger: logging must not interrupt the caller.
 */
export function safeLogger(logger: Logger): Logger {
  // Do not convert errors for nothing: reading a stack takes time.
  if (logger === silentLogger) return logger;
  const trying =
    (level: keyof Logger): Logger["info"] =>
    (fields, message) => {
      try {
        const logged: unknown = logger[level](errorsAsData(fields), message);
        ifRejected(logged, () => {});
      } catch {
        // A logger that fails has no other place to log.
      }
    };
  return { debug: trying("debug"), info: trying("info"), warn: trying("warn"), error: trying("error") };
}

const maxReason = 2_048;

/** Returns the fields with errors as data, or the same object if there are none. */
function errorsAsData(fields: object): object {
  let changed: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const data = asData(name, value);
    if (data !== value) (changed ??= { ...fields })[name] = data;
  }
  return changed ?? fields;
}

/** Returns errors as data, and a `reason` without secrets: it quotes the message of an error. */
function asData(name: string, value: unknown): unknown {
  if (name === "reason" && typeof value === "string") return safeText(value, maxReason);
  return value instanceof Error || (name === "err" && value !== undefined) ? errorData(value) : value;
}

/** Returns a logger that adds these fields to every line. */
export function withFields(logger: Logger, extra: object): Logger {
  if (logger === silentLogger) return logger;
  return {
    debug: (fields, message) => logger.debug({ ...extra, ...fields }, message),
    info: (fields, message) => logger.info({ ...extra, ...fields }, message),
    warn: (fields, message) => logger.warn({ ...extra, ...fields }, message),
    error: (fields, message) => logger.error({ ...extra, ...fields }, message),
  };
}
