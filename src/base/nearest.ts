/** Returns the probably intended name: one that differs by a letter or two, or by capitals. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  const maxDistance = name.length < 5 ? 1 : 2;
  const near = names
    .map((one) => ({ one, distance: distance(one.toLowerCase(), name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= maxDistance)
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.one;
}

/** Returns the number of letters to insert, remove or change. */
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
