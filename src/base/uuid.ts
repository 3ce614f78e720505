/**
 * Returns the first 16 bytes of a hash as a UUID of version 8 (RFC 9562).
 *
 * V8 copies its short parts, so that a remembered id does not keep the whole hash alive.
 */
export function uuidOf(hex: string): string {
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
