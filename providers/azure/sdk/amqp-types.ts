/*
 * rhea 3.0.5, the AMQP library of the Service Bus SDK, loses information when it reads a value: whether 16 bytes are a
 * UUID, a decimal or plain bytes; the digits of 64-bit numbers; times beyond `Date`. Here such values keep their type.
 */

/** The types of AMQP that JavaScript has no type for. */
type AmqpType = "uuid" | "decimal32" | "decimal64" | "decimal128" | "long" | "ulong" | "timestamp";

/** The type and the bytes of a value, as received. */
export interface AmqpValue {
  readonly type: AmqpType;
  readonly bytes: Buffer;
}

type Make = (bytes: Buffer) => unknown;

/** The table of types in `types` of a rhea container. */
export interface RheaTypes {
  readonly by_code: Readonly<
    Record<number, { readonly width: number; read?: (bytes: Buffer, offset: number) => unknown }>
  >;
}

const codes: readonly (readonly [code: number, type: AmqpType, name: string])[] = [
  [0x98, "uuid", "Uuid"],
  [0x74, "decimal32", "Decimal32"],
  [0x84, "decimal64", "Decimal64"],
  [0x94, "decimal128", "Decimal128"],
  [0x81, "long", "Long"],
  [0x80, "ulong", "Ulong"],
  [0x83, "timestamp", "Timestamp"],
];

/** Marks values, and tables that are patched already, also by another copy of this module. */
const kept = Symbol.for("beehive-actors.amqpValue");

/**
 * Makes rhea keep the type of values that it cannot read.
 *
 * For other readers they stay buffers or dates. They are sent on under their own type.
 */
export function keepTypes(types: RheaTypes): void {
  if (Object.hasOwn(types, kept)) return;
  Object.defineProperty(types, kept, { value: true });
  for (const [code, type, name] of codes) {
    const entry = types.by_code[code];
    const make = (types as unknown as Readonly<Record<string, Make>>)[name];
    if (!entry || !make) continue;
    const read = entry.read;
    entry.read = (buffer, offset) => {
      const value = read?.(buffer, offset);
      if (isExact(value)) return value;
      const bytes = Buffer.from(buffer.subarray(offset, offset + entry.width));
      return Object.defineProperties(value instanceof Date ? value : bytes, {
        [kept]: { value: { type, bytes } satisfies AmqpValue },
        toRheaTyped: { value: () => make(bytes) },
      });
    };
  }
}

/** Returns the AMQP value behind a JavaScript value; `undefined` when JavaScript lost nothing. */
export function amqpValueOf(value: unknown): AmqpValue | undefined {
  return typeof value === "object" && value !== null ? (value as { readonly [kept]?: AmqpValue })[kept] : undefined;
}

function isExact(value: unknown): boolean {
  return value instanceof Date ? !Number.isNaN(value.getTime()) : Number.isSafeInteger(value);
}
