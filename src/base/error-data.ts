import { errorNameOf, messageOf, stackOf } from "./error-text.ts";
import { safeStack, safeText } from "./safe-text.ts";

/** An error as plain data, without secrets and of limited length. */
export interface ErrorData {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorData;
  /** The errors of an `AggregateError`. */
  readonly errors?: readonly ErrorData[];
}

const maxMessage = 2_048;
const maxStack = 4_096;
const maxCode = 128;
/** The maximum number of causes, which may be a circle. */
const maxErrors = 8;

/**
 * Returns a thrown value as plain data.
 *
 * Loggers that write JSON lose an `Error`, whose fields are not enumerable; pino writes one only under the name `err`.
 */
export function errorData(thrown: unknown): ErrorData {
  return dataOf(thrown, new Set());
}

function dataOf(thrown: unknown, seen: Set<unknown>): ErrorData {
  seen.add(thrown);
  const code = fieldOf(thrown, "code");
  const stack = stackOf(thrown);
  const causes = next(fieldOf(thrown, "cause"), seen);
  const errors = fieldOf(thrown, "errors");
  const more = (Array.isArray(errors) ? errors.slice(0, maxErrors) : []).flatMap((one) => next(one, seen));
  // Without a prototype, because pino prefers the constructor's name to the error's.
  return Object.assign(Object.create(null) as object, {
    name: nameOf(thrown),
    ...((typeof code === "string" || typeof code === "number") && { code: safeText(String(code), maxCode) }),
    message: safeText(messageOf(thrown), maxMessage),
    ...(stack !== undefined && { stack: safeStack(stack, maxStack) }),
    ...(causes[0] && { cause: causes[0] }),
    ...(more.length > 0 && { errors: more }),
  });
}

function next(thrown: unknown, seen: Set<unknown>): ErrorData[] {
  return thrown === undefined || seen.has(thrown) || seen.size >= maxErrors ? [] : [dataOf(thrown, seen)];
}

/** Returns the name of an error, which may be any value. */
function nameOf(thrown: unknown): string {
  const name = fieldOf(thrown, "name");
  return typeof name === "string" && name !== "" ? safeText(name, maxCode) : errorNameOf(thrown);
}

function fieldOf(thrown: unknown, name: string): unknown {
  try {
    return (Object(thrown) as Readonly<Record<string, unknown>>)[name];
  } catch {
    return undefined;
  }
}
