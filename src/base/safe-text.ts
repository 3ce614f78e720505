import { redact, redactInPlace, withoutFiller } from "./redact.ts";

/** The characters searched beyond the kept ones: a secret may be cut in the middle. */
const aheadLength = 1_024;
const maxStackHead = 1_024;
const firstFrame = "\n    at ";

/**
 * Returns a text for logs, spans, journals and dead letters: without secrets, at most `max` characters long.
 *
 * Cuts before it searches for secrets, so that a long text takes no longer.
 */
export function safeText(text: string, max: number): string {
  if (text.length <= max + aheadLength) return shorten(redact(text), max);
  const seen = redactInPlace(text.slice(0, max + aheadLength));
  // Half of a secret is not recognised; a longer one is recognised by its beginning.
  return `${wellFormed(withoutFiller(seen.slice(0, max - 1)))}…`;
}

/** Returns a stack as {@link safeText}. A long message does not displace its frames. */
export function safeStack(stack: string, max: number): string {
  const frames = stack.indexOf(firstFrame);
  if (frames === -1) return safeText(stack, max);
  return safeText(stack.slice(0, frames), maxStackHead) + safeText(stack.slice(frames), max - maxStackHead);
}

function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${wellFormed(text.slice(0, max - 1))}…`;
}

/** Returns the text without half of a surrogate pair at its end. */
function wellFormed(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}
