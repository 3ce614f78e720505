import { errorData } from "./error-data.ts";
import { messageOf } from "./error-text.ts";
import { redactField } from "./redact.ts";
import { safeText } from "./safe-text.ts";

const maxText = 4_096;
/** The maximum depth and number of values in one line. A logged object may lead to any other. */
const maxDepth = 10;
const maxValues = 500;

/**
 * Returns a line of a log as JSON: time, level, message, fields. Never throws.
 *
 * Masks secrets in values before they become JSON, whose escapes would hide some.
 */
export function logLine(time: number, level: string, fields: object, message: string): string {
  const head = { time: new Date(time).toISOString(), level, message: safeText(message, maxText) };
  try {
    return JSON.stringify({ ...head, ...(plain(fields, maxDepth, { left: maxValues }) as object) });
  } catch (unwritable) {
    return JSON.stringify({ ...head, fieldsLost: safeText(messageOf(unwritable), maxText) });
  }
}

/** Returns a value for JSON: without secrets, of limited size, with errors as data. */
function plain(value: unknown, depth: number, budget: { left: number }): unknown {
  if (--budget.left < 0) return "...";
  if (typeof value === "string") return safeText(value, maxText);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return errorData(value);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") return plain(toJSON.call(value), depth - 1, budget);
  if (depth <= 0) return "...";
  if (Array.isArray(value)) return value.slice(0, maxValues).map((one: unknown) => plain(one, depth - 1, budget));
  const fields = Object.entries(value).slice(0, maxValues);
  return Object.fromEntries(fields.map(([name, one]) => [name, redactField(name, plain(one, depth - 1, budget))]));
}
