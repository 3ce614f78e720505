/** Formats of IEEE 754 decimals by length in bytes: the exponent's bits and bias. */
const formats: Readonly<Record<number, { readonly exponentBits: number; readonly bias: number }>> = {
  4: { exponentBits: 8, bias: 101 },
  8: { exponentBits: 10, bias: 398 },
  16: { exponentBits: 14, bias: 6_176 },
};
/** The most zeros at the end of a number without an exponent. */
const maxZeros = 20;

/** Returns a decimal of AMQP (binary integer decimal) as text with all digits: `12.50`. */
export function decimalText(bytes: Uint8Array): string {
  const format = formats[bytes.length];
  if (!format) throw new RangeError(`no decimal has ${bytes.length} bytes`);
  const { exponentBits, bias } = format;
  const bits = [...bytes].reduce((all, byte) => (all << 8n) | BigInt(byte), 0n);
  const width = BigInt(bytes.length * 8);
  const sign = bits >> (width - 1n) ? "-" : "";
  const special = Number((bits >> (width - 6n)) & 31n);
  if (special === 31) return "NaN";
  if (special === 30) return `${sign}Infinity`;
  // With both bits after the sign set, the exponent begins two bits later, and the coefficient is longer.
  const isLong = special >= 24;
  const coefficientBits = width - 1n - BigInt(exponentBits) - (isLong ? 2n : 0n);
  const low = bits & ((1n << coefficientBits) - 1n);
  const coefficient = isLong ? (4n << coefficientBits) | low : low;
  const exponent = Number((bits >> coefficientBits) & ((1n << BigInt(exponentBits)) - 1n)) - bias;
  return sign + withPoint(String(coefficient), exponent);
}

function withPoint(digits: string, exponent: number): string {
  if (exponent > maxZeros || exponent < -digits.length - maxZeros)
    return `${digits}E${exponent > 0 ? "+" : ""}${exponent}`;
  if (exponent >= 0) return digits === "0" ? digits : digits + "0".repeat(exponent);
  const padded = digits.padStart(1 - exponent, "0");
  return `${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}
