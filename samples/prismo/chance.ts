/** Chance that can be repeated: a run with the same seed has the same luck. */

/** A number from 0 up to 1 that depends on the seed and the words alone, never on when or how often it is asked. */
export function chance(seed: number, ...words: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const char of [seed, ...words].join("/")) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return scramble(hash);
}

/** A generator of such numbers, each different from the last. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => scramble((state = (state + 0x9e3779b9) | 0));
}

/** The finaliser of MurmurHash3: every bit of the hash moves every bit of the result. */
function scramble(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
