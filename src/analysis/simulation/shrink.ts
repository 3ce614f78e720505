import type { Decision } from "./decisions.ts";

/**
 * Returns a small part of a list for which a test still holds: the way of delta debugging (Zeller).
 *
 * @param holds Must hold for the whole list. May stop holding by itself when time is up: then the list stays as it is.
 */
export async function smallest<T>(
  list: readonly T[],
  holds: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = list;
  let parts = 2;
  if (kept.length > 0 && (await holds([]))) return [];
  while (kept.length >= 2) {
    const size = Math.ceil(kept.length / parts);
    let smaller: readonly T[] | undefined;
    for (let from = 0; from < kept.length && !smaller; from += size) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (await holds(rest)) smaller = rest;
    }
    if (smaller) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(kept.length, parts * 2);
  }
  return kept;
}

/** Returns decisions with the faults first: most failures need no special order, and the delays then go at once. */
export function faultsFirst(decisions: readonly Decision[]): readonly Decision[] {
  return decisions.toSorted((one, other) => Number("delayMs" in one) - Number("delayMs" in other));
}
