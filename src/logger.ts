import { messageOf } from "./error-text.ts";
import { printable } from "./printable.ts";
import { redact } from "./redact.ts";

/** Structured logging: fields first, then the message. A pino logger satisfies it as it is. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Logs nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Warnings and errors as one JSON line each on the standard error: what a hive has unless it is given a logger. What looks
 * like a secret is masked, in the causes of errors too.
 */
export const standardErrorLogger: Logger = {
  ...silentLogger,
  warn: (fields, message) => write("warn", fields, message),
  error: (fields, message) => write("error", fields, message),
};

function write(level: string, fields: object, message: string): void {
  process.stderr.write(`${printable(redact(lineOf(level, fields, message)))}\n`);
}

/** Whatever the fields hold, a line is written: who logs is in the middle of something. */
function lineOf(level: string, fields: object, message: string): string {
  try {
    return JSON.stringify({ level, message, ...fields }, errorsAsData);
  } catch (unwritable) {
    const { error } = fields as { readonly error?: unknown };
    return JSON.stringify({ level, message, error: messageOf(error), fieldsLost: messageOf(unwritable) });
  }
}

/** For `JSON.stringify`: what an error holds that is not enumerable. */
export function errorsAsData(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, code: (value as { code?: unknown }).code, message, stack, cause };
}

/** The same logger, but what it throws is dropped: who logs is in the middle of something. */
export function unfailing(logger: Logger): Logger {
  const trying =
    (level: keyof Logger): Logger["info"] =>
    (fields, message) => {
      try {
        logger[level](fields, message);
      } catch {
        // There is nobody else to tell.
      }
    };
  return { debug: trying("debug"), info: trying("info"), warn: trying("warn"), error: trying("error") };
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
