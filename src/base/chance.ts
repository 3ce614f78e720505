/** Returns a 32-bit number that depends on the seed and the text only. */
export function hashOf(seed: number, text: string): number {
  let hash = (seed ^ 0x9e3779b9) >>> 0;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return mixed(hash);
}

/** Returns a number from 0 up to 1 that depends on a hash and the name of its use only. */
export function chance(hash: number, use: number): number {
  return mixed(hash + Math.imul(use + 1, 0x6d2b79f5)) / 2 ** 32;
}

function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}
