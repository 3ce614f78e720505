/** Repeatable random numbers: runs with the same seed have the same luck. */

/** Returns a number from 0 up to 1 that depends on the seed and the words only, never on the number of calls. */
export function chance(seed: number, ...words: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const char of [seed, ...words].join("/")) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return scramble(hash);
}

/** Returns a generator of such numbers, each different from the last. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => scramble((state = (state + 0x9e3779b9) | 0));
}

/** The finaliser of MurmurHash3: every input bit affects every output bit. */
function scramble(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
