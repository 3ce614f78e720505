/** Returns the width of a text in px, for Arial and Helvetica, rounded up for other fonts. */
export function textWidth(text: string, size: number): number {
  let units = 0;
  for (const character of text) units += unitsOf(character);
  return Math.ceil(units * size * 1.06);
}

function unitsOf(character: string): number {
  if (/[ijl'|.,:;!]/.test(character)) return 0.26;
  if (/[frtI\s()[\]/-]/.test(character)) return 0.33;
  if (/[mwMW@%]/.test(character)) return 0.88;
  if (/[A-Z&]/.test(character)) return 0.69;
  if (/[\u0020-\u007e]/.test(character)) return 0.56;
  // Accented letters are at most as wide as the widest plain ones; most other scripts are square.
  return /[\u00a0-\u052f]/.test(character) ? 0.75 : 1.05;
}
