/** Work to be allotted to a stage as a whole: an actor, or one of its subscriptions. */
export interface Work {
  readonly key: string;
  /** How busy it is: the mean number of events in work. */
  readonly load: number;
  /** The longest turn, in ms. */
  readonly longestMs: number;
  /** The time limit of a time-sensitive actor, in ms. */
  readonly maxLag: number | undefined;
}

export interface AllotOptions {
  readonly work: readonly Work[];
  readonly stages: readonly string[];
  /** The present stage of each work. @default None. */
  readonly before?: ReadonlyMap<string, string> | undefined;
  /** Returns whether a stage can do a work. @default Each can. */
  readonly fits?: ((key: string, stage: string) => boolean) | undefined;
  /** Leaves work where it is, and places only what has no stage. @default false */
  readonly still?: boolean | undefined;
}

/** The stage of each work. Work that fits no stage has none. */
export type Allotment = ReadonlyMap<string, string>;

/** A time-sensitive work beside one whose longest turn breaks its time limit. */
export interface Conflict {
  readonly sensitive: Work;
  readonly long: Work;
}

/** A step must make loads more even by this share of the mean load, or the work stays where it is. */
const minGain = 0.1;
/** An allotment made anew must lower the highest load by this share: it moves more work than one that was improved. */
const minGainAnew = 0.1;
const maxSteps = 2_000;

/**
 * Allots work to stages: no time limit is broken by a long turn of a neighbour, loads are even, little work moves.
 *
 * In this order, and the same for the same input.
 */
export function allot(options: AllotOptions): Allotment {
  const { work, stages, before, fits, still = false } = options;
  if (stages.length === 0) return new Map();
  const kept = new Shares(options);
  for (const one of work.toSorted(byLoad)) {
    const stage = before?.get(one.key);
    if (stage !== undefined && stages.includes(stage) && (fits?.(one.key, stage) ?? true)) kept.put(one, stage);
  }
  for (const one of work.toSorted(bySensitivity)) if (!kept.has(one)) kept.putBest(one);
  if (still) return kept.allotment;
  kept.improve();
  if (fits && work.some(({ key }) => stages.some((stage) => !fits(key, stage)))) return kept.allotment;
  const anew = new Shares(options);
  for (const [one, stage] of spread(work, stages, before ?? new Map())) anew.put(one, stage);
  anew.improve();
  const fewer = anew.conflicts < kept.conflicts;
  const evener = anew.conflicts === kept.conflicts && anew.maxLoad < kept.maxLoad * (1 - minGainAnew);
  return fewer || evener ? anew.allotment : kept.allotment;
}

/** Returns where a time limit is broken by the longest turn of a neighbour. */
export function conflictsOf(work: readonly Work[], allotment: Allotment): readonly Conflict[] {
  return work.flatMap((sensitive) =>
    work
      .filter((long) => breaks(long, sensitive) && allotment.get(long.key) === allotment.get(sensitive.key))
      .map((long) => ({ sensitive, long })),
  );
}

/** Returns the load of each stage. */
export function loadsOf(work: readonly Work[], stages: readonly string[], allotment: Allotment): readonly number[] {
  return stages.map((stage) =>
    work.filter(({ key }) => allotment.get(key) === stage).reduce((sum, { load }) => sum + load, 0),
  );
}

function breaks(long: Work, sensitive: Work): boolean {
  return long !== sensitive && sensitive.maxLag !== undefined && long.longestMs > sensitive.maxLag;
}

function collide(one: Work, other: Work): boolean {
  return breaks(one, other) || breaks(other, one);
}

function byLoad(one: Work, other: Work): number {
  return other.load - one.load || (one.key < other.key ? -1 : 1);
}

function bySensitivity(one: Work, other: Work): number {
  return (one.maxLag ?? Infinity) - (other.maxLag ?? Infinity) || byLoad(one, other);
}

/** The work of each stage, while it is moved. */
class Shares {
  readonly #stages: readonly string[];
  readonly #fits: NonNullable<AllotOptions["fits"]>;
  readonly #shares: ReadonlyMap<string, { load: number; readonly work: Set<Work> }>;
  readonly #places = new Map<Work, string>();

  constructor({ stages, fits = () => true }: AllotOptions) {
    this.#stages = stages;
    this.#fits = fits;
    this.#shares = new Map(stages.map((stage) => [stage, { load: 0, work: new Set<Work>() }]));
  }

  get allotment(): Allotment {
    return new Map([...this.#places].map(([{ key }, stage]) => [key, stage]));
  }

  get conflicts(): number {
    return [...this.#places].reduce((sum, [one, stage]) => sum + this.#conflictsIn(one, stage), 0) / 2;
  }

  get maxLoad(): number {
    return Math.max(...[...this.#shares.values()].map(({ load }) => load));
  }

  has(one: Work): boolean {
    return this.#places.has(one);
  }

  put(one: Work, stage: string): void {
    const before = this.#shares.get(this.#places.get(one) ?? "");
    if (before?.work.delete(one)) before.load -= one.load;
    const share = this.#shares.get(stage);
    if (!share) return;
    share.work.add(one);
    share.load += one.load;
    this.#places.set(one, stage);
  }

  /** Puts work where it collides least, then where the load is least. */
  putBest(one: Work): void {
    const open = this.#stages.filter((stage) => this.#fits(one.key, stage));
    const [best] = open
      .map((stage) => ({ stage, conflicts: this.#conflictsIn(one, stage), load: this.#loadOf(stage) }))
      .toSorted((a, b) => a.conflicts - b.conflicts || a.load - b.load);
    if (best) this.put(one, best.stage);
  }

  /** Moves or swaps work while that ends conflicts, or makes the loads clearly more even. */
  improve(): void {
    const total = [...this.#shares.values()].reduce((sum, { load }) => sum + load, 0);
    const least = (minGain * (total / this.#stages.length)) ** 2;
    for (let steps = 0; steps < maxSteps; steps++) {
      const step = this.#bestStep();
      if (!step || !(step.conflicts < 0 || (step.conflicts === 0 && step.gain > least))) return;
      for (const [one, stage] of step.puts) this.put(one, stage);
    }
  }

  #bestStep(): Step | undefined {
    let best: Step | undefined;
    const consider = (step: Step): void => {
      if (
        !best ||
        step.conflicts < best.conflicts ||
        (step.conflicts === best.conflicts && step.gain > best.gain + 1e-12)
      )
        best = step;
    };
    const placed = [...this.#places];
    for (const [one, from] of placed)
      for (const to of this.#stages)
        if (to !== from && this.#fits(one.key, to)) consider(this.#step(one, from, undefined, to));
    for (const [index, [one, from]] of placed.entries())
      for (const [other, to] of placed.slice(index + 1))
        if (to !== from && this.#fits(one.key, to) && this.#fits(other.key, from))
          consider(this.#step(one, from, other, to));
    return best;
  }

  /** Returns the effect of a move, or of a swap with `other`. */
  #step(one: Work, from: string, other: Work | undefined, to: string): Step {
    const moved = one.load - (other?.load ?? 0);
    const between = other && collide(one, other) ? 2 : 0;
    return {
      conflicts:
        this.#conflictsIn(one, to) -
        this.#conflictsIn(one, from) +
        (other ? this.#conflictsIn(other, from) - this.#conflictsIn(other, to) : 0) -
        between,
      gain: 2 * moved * (this.#loadOf(from) - this.#loadOf(to) - moved),
      puts: [[one, to], ...(other ? [[other, from] as const] : [])],
    };
  }

  #conflictsIn(one: Work, stage: string): number {
    let count = 0;
    for (const other of this.#shares.get(stage)?.work ?? []) if (other !== one && collide(one, other)) count++;
    return count;
  }

  #loadOf(stage: string): number {
    return this.#shares.get(stage)?.load ?? 0;
  }
}

interface Step {
  readonly conflicts: number;
  readonly gain: number;
  readonly puts: readonly (readonly [Work, string])[];
}

/** Returns an allotment made anew: work that collides goes to different stages, and each gets the least loaded one. */
function spread(work: readonly Work[], stages: readonly string[], before: Allotment): (readonly [Work, string])[] {
  const levels = merged(levelsOf(work), stages.length);
  const groups: Work[][] = [];
  for (const [index, count] of countsFor(levels, stages.length).entries()) {
    const shares = Array.from({ length: count }, (): Work[] => []);
    for (const one of (levels[index] ?? []).toSorted(byLoad))
      shares.toSorted((a, b) => sumOf(a) - sumOf(b))[0]?.push(one);
    groups.push(...shares);
  }
  return named(groups, stages, before);
}

/**
 * Returns groups of work without conflicts, as few as there can be.
 *
 * The longest turn decides: those that bear it form the first group, and those that do not form the next ones alike.
 */
function levelsOf(work: readonly Work[]): Work[][] {
  const levels: Work[][] = [];
  let rest = work.toSorted((a, b) => b.longestMs - a.longestMs || byLoad(a, b));
  while (rest.length > 0) {
    const [longest] = rest as [Work];
    levels.push(rest.filter((one) => !collide(one, longest)));
    rest = rest.filter((one) => collide(one, longest));
  }
  return levels;
}

/** Merges neighbouring levels with the fewest conflicts between them, until there is a stage for each. */
function merged(levels: readonly Work[][], count: number): Work[][] {
  const result = [...levels];
  while (result.length > count) {
    const costs = result.slice(1).map((level, index) => collisions(result[index] ?? [], level));
    const at = costs.indexOf(Math.min(...costs));
    result.splice(at, 2, [...(result[at] ?? []), ...(result[at + 1] ?? [])]);
  }
  return result;
}

function collisions(some: readonly Work[], others: readonly Work[]): number {
  return some.reduce((sum, one) => sum + others.filter((other) => collide(one, other)).length, 0);
}

/** Returns the number of stages for each level: one, and the others where the load for each is highest. */
function countsFor(levels: readonly (readonly Work[])[], stages: number): number[] {
  const counts = levels.map(() => 1);
  for (let left = stages - levels.length; left > 0; left--) {
    const shares = levels.map((level, index) => sumOf(level) / (counts[index] ?? 1));
    const at = shares.indexOf(Math.max(...shares));
    if (at >= 0) counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

function sumOf(work: readonly Work[]): number {
  return work.reduce((sum, { load }) => sum + load, 0);
}

/** Gives each group the stage where most of its load is already. */
function named(groups: readonly Work[][], stages: readonly string[], before: Allotment): (readonly [Work, string])[] {
  const free = new Set(stages);
  const pairs = groups.flatMap((group) =>
    stages.map((stage) => ({ group, stage, same: sumOf(group.filter(({ key }) => before.get(key) === stage)) })),
  );
  const names = new Map<Work[], string>();
  for (const { group, stage } of pairs.toSorted((a, b) => b.same - a.same)) {
    if (names.has(group) || !free.delete(stage)) continue;
    names.set(group, stage);
  }
  return groups.flatMap((group) => group.map((one) => [one, names.get(group) ?? ""] as const));
}
