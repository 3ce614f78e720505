import { randomUUID } from "node:crypto";

/* A lock token is a UUID. It is big-endian as an AMQP value, in the byte order of a .NET Guid as a delivery tag. */

export function newLockToken(): string {
  return randomUUID();
}

export function uuidBytes(token: string): Buffer {
  return Buffer.from(token.replaceAll("-", ""), "hex");
}

export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function deliveryTag(token: string): Buffer {
  const bytes = uuidBytes(token);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
