/** The one of `names` that was probably meant by a name that is none of them: a letter or two off, or other capitals. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  const most = name.length < 5 ? 1 : 2;
  const near = names
    .map((one) => ({ one, distance: distance(one.toLowerCase(), name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= most)
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.one;
}

/** How many letters must be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const above = row;
    row = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (b[j - 1] === a[i] ? 0 : 1);
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row[b.length] ?? 0;
}
