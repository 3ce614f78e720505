import { spreadOf, type Spread } from "./statistics.ts";

/** Beyond the caches of most processors: 32 MiB. */
const places = 2 ** 23;
const reads = 500_000;
const rounds = 7;

/**
 * Measures a read of memory at a random place, in ns.
 *
 * An event is written and read anew at each hop, so its cost hangs on this time: more for a large library than for a
 * small loop, whose memory stays in the caches.
 */
function readTime(): Spread {
  const next = cycle(places);
  let at = 0;
  const times = Array.from({ length: rounds }, () => {
    const before = performance.now();
    for (let n = 0; n < reads; n++) at = next[at] as number;
    return ((performance.now() - before) * 1e6) / reads;
  });
  // The comparison keeps the compiler from leaving the reads out.
  if (at < 0) throw new Error("a place is negative");
  return spreadOf(times);
}

let text: string | undefined;

/** Returns the time of a read of memory as a sentence. Measures it at the first call. */
export function readTimeText(): string {
  if (text !== undefined) return text;
  const { min, median, max } = readTime();
  const [least, usual, most] = [min, median, max].map((ns) => ns.toFixed(0));
  return (text = `A read of memory at a random place takes ${usual} ns (${least} to ${most}).`);
}

/** Returns the next place of each place, on a way that visits all of them in random order. */
function cycle(length: number): Int32Array {
  const next = Int32Array.from({ length }, (_, place) => place);
  for (let place = length - 1; place > 0; place--) {
    // Below `place`, which makes one cycle (Sattolo's algorithm).
    const other = Math.floor(Math.random() * place);
    const kept = next[place] as number;
    next[place] = next[other] as number;
    next[other] = kept;
  }
  return next;
}
