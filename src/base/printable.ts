/** Characters that a terminal obeys: commands, and changes of the writing direction. */
const commands = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Returns a printable text. Control characters become escapes, except for line breaks and tabs.
 *
 * An event could otherwise clear the screen of its reader, or forge what is on it.
 */
export function printable(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(commands, (sign) => (sign === "\n" || sign === "\t" ? sign : unicodeEscape(sign)));
}

/** Returns a text for one line, such as an id. Line breaks and tabs become escapes, too. */
export function printableLine(text: string): string {
  return text.replaceAll(commands, unicodeEscape);
}

/** Returns the escape of a UTF-16 unit, as in JSON. */
export function unicodeEscape(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Returns the words of an error for a refused value. A text stays distinct from a number. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, 80))}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
