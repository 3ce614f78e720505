/** Copies bytes. `Buffer.slice` would share their memory. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the text of UTF-8 bytes; `undefined` for other bytes, so that none is ever replaced. */
export function textIn(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Returns the same text on its own, to be remembered: one that was cut out of a longer text keeps all of that in memory. */
export function ownText(text: string): string {
  // V8 copies such a text to name a member with it.
  const names = Object.create(null) as Record<string, true>;
  names[text] = true;
  return Object.keys(names)[0] ?? text;
}
