/** What a terminal takes for a command, or for the direction of what follows. */
const commands = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text that may be shown on a terminal, whoever wrote it: its control characters, but line breaks and tabs, are written as
 * escapes. Else an event could clear the screen of whoever looks at it, or forge what they see.
 */
export function printable(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(commands, (sign) => (sign === "\n" || sign === "\t" ? sign : escaped(sign)));
}

/** The same of what has one line, such as an id: line breaks are escapes too. */
export function printableLine(text: string): string {
  return text.replaceAll(commands, escaped);
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A value that is refused, as an error names it: a text is told from a number that looks alike. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, 80))}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
