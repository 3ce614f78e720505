import { Racer } from "./contest/racer.ts";
import { programOf } from "./contest/build.ts";
import type { Entry } from "./contest/contest.ts";
import type { Settings } from "./child/hops.ts";
import type { Throughput } from "./child/load.ts";
import { progress } from "./progress.ts";
import { scratchFolder } from "./servers/scratch.ts";
import { spreadOf, type Spread } from "./statistics.ts";
import { numberOf, spreadText, type Table } from "./table.ts";

export interface GrowthOptions {
  /** Numbers of events that wait during the run. */
  readonly sizes: readonly number[];
  /** Numbers of chains of three subscriptions. */
  readonly chains: readonly number[];
  /** Source events under way. */
  readonly windows: readonly number[];
  readonly seconds: number;
}

const rounds = 3;
const usualWindow = 256;
const parallelism = 64;
const fillLimitMs = 600_000;

/** The cost of an event as a hive grows in one direction. Flat is good; the first line is the reference. */
export async function growth(
  prefix: string,
  entry: Entry,
  { sizes, chains, windows, seconds }: GrowthOptions,
): Promise<{ readonly tables: Table[]; readonly figures: Record<string, number> }> {
  const measure = async (settings: Partial<Settings>, window: number): Promise<Measured> => {
    progress(`growth of ${entry.name}: ${JSON.stringify(settings)}, ${window} source events`);
    const results: Throughput[] = [];
    for (let round = 0; round < rounds; round++) results.push(await once(entry, settings, window, seconds));
    return {
      microseconds: spreadOf(results.map(({ handled, seconds: took }) => (took * 1e6) / handled)),
      cpu: spreadOf(results.map(({ handled, cpuMs }) => (cpuMs / handled) * 1_000)),
      bytesAnEvent: spreadOf(results.map(({ bytesAnEvent }) => bytesAnEvent)).median,
    };
  };
  const waiting = new Map<number, Measured>();
  for (const size of sizes) waiting.set(size, await measure({ held: true }, size));
  const subscribed = new Map<number, Measured>();
  for (const count of chains) subscribed.set(count * 3, await measure({ chains: count }, usualWindow));
  const underWay = new Map<number, Measured>();
  for (const window of windows) underWay.set(window, await measure({}, window));
  return {
    tables: [
      growthTable(`${entry.name} with so many events waiting`, "waiting", waiting),
      growthTable(`${entry.name} with so many subscriptions, events going to all of them`, "subscriptions", subscribed),
      growthTable(`${entry.name} with so many source events under way`, "under way", underWay),
    ],
    figures: {
      [`${prefix}WaitingGrowth`]: growthOf(waiting),
      [`${prefix}SubscriptionsGrowth`]: growthOf(subscribed),
      [`${prefix}BytesAWaitingEvent`]: [...waiting.values()].at(-1)?.bytesAnEvent ?? NaN,
    },
  };
}

interface Measured {
  /** Time and processor time of an event. */
  readonly microseconds: Spread;
  readonly cpu: Spread;
  readonly bytesAnEvent: number;
}

/** Runs in a new process each time, because a heap that was large once stays different. */
async function once(entry: Entry, settings: Partial<Settings>, window: number, seconds: number): Promise<Throughput> {
  const racer = new Racer(programOf(entry), entry.environment);
  using folder = scratchFolder();
  try {
    await racer.ask("open", { ...entry.settings, ...settings, concurrency: parallelism, folder: folder.path });
    return await racer.ask("throughput", { seconds, window }, fillLimitMs);
  } finally {
    await racer.end();
  }
}

/** Compares the last with the first. */
function growthOf(measured: ReadonlyMap<number, Measured>): number {
  const all = [...measured.values()];
  return (all.at(-1)?.microseconds.median ?? NaN) / (all[0]?.microseconds.median ?? NaN);
}

function growthTable(title: string, column: string, measured: ReadonlyMap<number, Measured>): Table {
  const first = measured.values().next().value?.microseconds.median ?? NaN;
  const heaped = [...measured.values()].some(({ bytesAnEvent }) => bytesAnEvent > 0);
  return {
    title,
    columns: [
      column,
      "us an event",
      "to the first",
      "CPU us an event",
      ...(heaped ? ["heap bytes a waiting event"] : []),
    ],
    rows: [...measured].map(([size, { microseconds, cpu, bytesAnEvent }]) => [
      size.toLocaleString("en-GB"),
      spreadText(microseconds),
      numberOf(microseconds.median / first),
      numberOf(cpu.median),
      ...(heaped ? [numberOf(bytesAnEvent)] : []),
    ]),
    notes: [],
  };
}
