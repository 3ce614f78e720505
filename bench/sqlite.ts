import { contest, type Contest, type Entry } from "./contest/contest.ts";
import { growth } from "./growth.ts";
import type { Effort, Outcome } from "./outcome.ts";
import { versionsOf } from "./peers.ts";
import { flushTime } from "./servers/flush-time.ts";
import { Preload, type Flushes } from "./servers/flushes.ts";
import { startRabbitmq } from "./servers/rabbitmq.ts";
import { startRedis } from "./servers/redis.ts";
import { scratchFolder } from "./servers/scratch.ts";
import { NotInstalled, type Server } from "./servers/server.ts";
import { latencyTable, ownFigures, ratioFigures, speedTable, standingOf } from "./standings.ts";
import { ratiosOf } from "./statistics.ts";
import { numberOf, spreadText, type Table } from "./table.ts";

const window = 256;
/** Delays added to each flush, in ms: none, a good cloud disk, a common one. */
const delays = [0, 1, 5];

const hive: Entry = {
  name: "BeeHive sqlite: full sync",
  file: "hive",
  peer: false,
  settings: { provider: "sqlite:{folder}/hive.db" },
  concurrency: [16, 64, 256],
};
const plainjob: Entry = { name: "plainjob, full sync", file: "plainjob", peer: true, concurrency: [1, 4] };
const bullmq: Entry = { name: "BullMQ, Redis AOF everysec", file: "bullmq", peer: true, concurrency: [10, 50, 200] };
const amqplib: Entry = {
  name: "amqplib, RabbitMQ, confirms",
  file: "amqplib",
  peer: true,
  concurrency: [10, 100, 500],
};

const notes = [
  "Durability is not equal: BeeHive and plainjob have flushed what they answered, RabbitMQ flushes in its own time before it confirms, BullMQ loses up to a second to a power loss.",
  "BeeHive and plainjob are embedded, on one machine; BullMQ and RabbitMQ are servers that others can share, and each call to them crosses processes.",
  "A BeeHive step is atomic: its output, its commit and its duplicates' check are one transaction. The others publish, then acknowledge.",
];

/** Events on one machine that survive the process. */
export async function sqlite(effort: Effort): Promise<Outcome> {
  const { seconds, rounds, quick } = effort;
  using folder = scratchFolder();
  const preload = Preload.compile(folder.path);
  const tables: Table[] = [];
  const figures: Record<string, number> = {};
  const byFlush: { readonly flush: string; readonly ratios: ReadonlyMap<string, string> }[] = [];
  const versions = new Set(versionsOf("plainjob", "better-sqlite3", "bullmq", "amqplib"));
  for (const delayMs of typeof preload === "string" || quick ? [0] : delays) {
    const ownFlush = flushTime();
    const flush = `${numberOf(ownFlush.median + delayMs)} ms`;
    const watched = delayMs === 0 ? { latencyLoad: 0.3, idleSeconds: quick ? 1 : 5 } : {};
    const { result, entries } = await beside(preload, delayMs, (all) =>
      contest(all, { seconds, rounds, window, ...watched }),
    );
    const [own = hive, ...others] = entries;
    for (const { server } of others) if (server) versions.add(server.version);
    const suffix = delayMs === 0 ? "" : `Flush${delayMs}Ms`;
    const title = delayMs === 0 ? "On disk, three hops" : `On disk, ${delayMs} ms added to each flush`;
    const missing = typeof preload === "string" ? [`Left out: ${preload}`] : [];
    const flushing = `A flush took ${flush}: the disk ${spreadText(ownFlush)} ms for a page, and ${delayMs} ms added.`;
    tables.push(speedTable(title, result, own, window, [flushing, ...(delayMs === 0 ? notes : []), ...missing]));
    byFlush.push({ flush, ratios: ratiosByName(result, own, others) });
    figures[`flushMs${suffix}`] = ownFlush.median + delayMs;
    if (delayMs === 0) tables.push(latencyTable("On disk: latency at 30% of each one's own peak", result));
    const named = others.map((entry) => [`sqliteTo${figureNames[entry.file] ?? entry.file}${suffix}`, entry] as const);
    Object.assign(
      figures,
      ownFigures(`sqlite${suffix}`, result, own),
      ratioFigures(result, own, Object.fromEntries(named)),
    );
  }
  const sizes = quick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000];
  const grown = await growth("sqlite", hive, { sizes, chains: [1, 33, 333], windows: [1, 4, 16, 64, 256], seconds });
  if (byFlush.length > 1) tables.unshift(flushTable(byFlush));
  return { tables: [...tables, ...grown.tables], versions: [...versions], figures: { ...figures, ...grown.figures } };
}

function ratiosByName(result: Contest, own: Entry, others: readonly Entry[]): ReadonlyMap<string, string> {
  const rates = standingOf(result, own)?.rates ?? [];
  return new Map(
    others.flatMap((other) => {
      const standing = standingOf(result, other);
      return standing ? [[other.name, spreadText(ratiosOf(rates, standing.rates))] as const] : [];
    }),
  );
}

/** Returns a table that shows the ratios that depend on the disk: they differ between its columns. */
function flushTable(
  byFlush: readonly { readonly flush: string; readonly ratios: ReadonlyMap<string, string> }[],
): Table {
  const names = [...new Set(byFlush.flatMap(({ ratios }) => [...ratios.keys()]))];
  return {
    title: `On disk: ${hive.name} to each, by the time of a flush`,
    columns: ["contestant", ...byFlush.map(({ flush }) => flush)],
    rows: names.map((name) => [name, ...byFlush.map(({ ratios }) => ratios.get(name) ?? "-")]),
    notes: ["A ratio that differs between the columns hangs on the disk: quote it with the time of a flush."],
  };
}

const figureNames: Readonly<Record<string, string>> = { plainjob: "Plainjob", bullmq: "Bullmq", amqplib: "Rabbitmq" };

/** Runs BeeHive first, then contestants with an available server; stops the servers. */
async function beside(
  preload: Preload | string,
  delayMs: number,
  run: (entries: readonly Entry[]) => Promise<Contest>,
): Promise<{ readonly result: Contest; readonly entries: readonly Entry[] }> {
  const counted = (entry: Entry, flushes: Flushes | undefined): Entry =>
    flushes ? { ...entry, environment: flushes.environment, flushes: flushes.count } : entry;
  const flushesOf = (): Flushes | undefined => (typeof preload === "string" ? undefined : preload.flushes(delayMs));
  using redisFolder = scratchFolder();
  using rabbitFolder = scratchFolder();
  const entries = [counted(hive, flushesOf()), counted(plainjob, flushesOf())];
  const leftOut: string[] = [];
  const servers: Server[] = [];
  const serve = async (entry: Entry, start: typeof startRedis, path: string): Promise<void> => {
    const flushes = flushesOf();
    try {
      const server = await start(path, flushes?.environment ?? {});
      servers.push(server);
      entries.push({ ...counted(entry, flushes), server });
    } catch (error) {
      if (error instanceof NotInstalled) leftOut.push(`${entry.name}: ${error.message}`);
      else throw error;
    }
  };
  try {
    await serve(bullmq, startRedis, redisFolder.path);
    await serve(amqplib, startRabbitmq, rabbitFolder.path);
    const result = await run(entries);
    return { result: { ...result, leftOut: [...leftOut, ...result.leftOut] }, entries };
  } finally {
    for (const server of servers) await server.stop();
  }
}
