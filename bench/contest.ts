/** A contestant whose work is timed beside others. */
export interface Contestant {
  readonly name: string;
  /** Works through `count` source events; returns the number of handler calls. */
  run(count: number): Promise<number>;
}

export interface Result {
  readonly name: string;
  /** Handler calls per second: median, minimum and maximum of the rounds. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Runs the contestants in turns, so that a slow phase of the machine slows all. The first round warms up. */
export async function contest(contestants: readonly Contestant[], count: number, rounds: number): Promise<Result[]> {
  const rates = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of contestants) {
      const start = performance.now();
      const handled = await contestant.run(count);
      const rate = handled / ((performance.now() - start) / 1000);
      if (round > 0) rates.get(contestant.name)?.push(rate);
    }
  }
  return [...rates].map(([name, all]) => {
    const sorted = all.sort((a, b) => a - b);
    return { name, median: sorted[sorted.length >> 1] ?? NaN, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
  });
}
