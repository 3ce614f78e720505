import { redact, redactInPlace, withoutFiller } from "./redact.ts";

/** More than this of a text is looked at than is kept, in characters: what is cut in the middle may be a secret. */
const aheadLength = 1_024;
const maxStackHead = 1_024;
const firstFrame = "\n    at ";

/**
 * Returns a text as it may leave the process in logs, spans, journals and dead letters: without secrets, and no longer
 * than `max` characters. It is cut before it is searched for secrets, so a text of any length takes no time.
 */
export function safeText(text: string, max: number): string {
  if (text.length <= max + aheadLength) return shorten(redact(text), max);
  const seen = redactInPlace(text.slice(0, max + aheadLength));
  // Half of a secret looks like none. One that is longer than this is known by its beginning.
  return `${wellFormed(withoutFiller(seen.slice(0, max - 1)))}…`;
}

/** The stack of an error as {@link safeText}: a long message does not take the place of the lines that say where. */
export function safeStack(stack: string, max: number): string {
  const frames = stack.indexOf(firstFrame);
  if (frames === -1) return safeText(stack, max);
  return safeText(stack.slice(0, frames), maxStackHead) + safeText(stack.slice(frames), max - maxStackHead);
}

function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${wellFormed(text.slice(0, max - 1))}…`;
}

/** Without the half of a character that a cut may have left at its end. */
function wellFormed(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}
