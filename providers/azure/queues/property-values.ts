import type { EventProperty } from "../../../src/events/event.ts";
import { amqpValueOf, type AmqpValue } from "../sdk/amqp-types.ts";
import { decimalText } from "./decimal-text.ts";

/*
 * Values of AMQP as properties of events. Texts, booleans and numbers stay as they are. All other values become a text
 * without loss: numbers that JavaScript would round, UUIDs and times; lists and maps as JSON, bytes as base64.
 */

/** A described value: a .NET type that AMQP does not have (Microsoft's AMQP guide, "Message format"). */
interface Described {
  readonly descriptor: { readonly value: unknown };
  readonly value: unknown;
}

export function propertyFrom(value: unknown): EventProperty {
  const plain = jsonValueOf(value);
  return typeof plain === "object" ? JSON.stringify(plain) : plain;
}

/** Returns the value as JSON. */
export function jsonValueOf(value: unknown): EventProperty | object | null {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value === null || value === undefined) return null;
  const exact = amqpValueOf(value);
  if (exact) return textOf(exact);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(jsonValueOf);
  if (isDescribed(value)) return describedText(value);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, jsonValueOf(one)]));
}

function textOf({ type, bytes }: AmqpValue): string {
  switch (type) {
    case "uuid":
      return uuidText(bytes);
    case "ulong":
      return String(bytes.readBigUInt64BE());
    case "long":
    case "timestamp":
      return String(bytes.readBigInt64BE());
    default:
      return decimalText(bytes);
  }
}

function uuidText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function isDescribed(value: object): value is Described {
  return typeof (value as Partial<Described>).descriptor === "object" && "value" in value && "type" in value;
}

/** Ticks of .NET in a second, and from the year 1 to 1970. */
const ticksPerSecond = 10_000_000n;
const ticksTo1970 = 621_355_968_000_000_000n;

function describedText({ descriptor, value }: Described): EventProperty | object | null {
  const plain = jsonValueOf(value);
  if (typeof plain === "object" || typeof plain === "boolean") return plain;
  try {
    if (descriptor.value === "com.microsoft:datetime-offset") return timeText(BigInt(plain) - ticksTo1970);
    if (descriptor.value === "com.microsoft:timespan") return durationText(BigInt(plain));
  } catch {
    // Not a number of ticks, or not a time.
  }
  return plain;
}

/** @param ticks since 1970. */
function timeText(ticks: bigint): string {
  const fraction = ((ticks % ticksPerSecond) + ticksPerSecond) % ticksPerSecond;
  const seconds = new Date(Number(((ticks - fraction) / ticksPerSecond) * 1_000n));
  return seconds.toISOString().replace(".000Z", `.${String(fraction).padStart(7, "0")}Z`);
}

/** ISO 8601: `PT90.5S`. */
function durationText(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const fraction = String(size % ticksPerSecond)
    .padStart(7, "0")
    .replace(/0+$/, "");
  return `${ticks < 0n ? "-" : ""}PT${size / ticksPerSecond}${fraction === "" ? "" : `.${fraction}`}S`;
}
