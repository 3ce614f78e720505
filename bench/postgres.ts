import { availableParallelism } from "node:os";
import { contest, type Contest, type Entry, type Standing } from "./contest/contest.ts";
import type { Effort, Outcome } from "./outcome.ts";
import { versionsOf } from "./peers.ts";
import { startPostgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";
import { scratchFolder } from "./servers/scratch.ts";
import { NotInstalled, type Server } from "./servers/server.ts";
import { latencyTable, ownFigures, ratioFigures, speedTable, standingOf } from "./standings.ts";
import { ratiosOf, spreadOf } from "./statistics.ts";
import { numberOf } from "./table.ts";

const window = 256;

const hive: Entry = {
  name: "BeeHive postgres",
  file: "hive",
  peer: false,
  settings: { provider: "postgres://beehive@127.0.0.1:{port}/postgres?schema=hive{fresh}" },
  concurrency: [16, 64, 256],
};
const two: Entry = { ...hive, name: "BeeHive postgres, two processes", settings: { ...hive.settings, processes: 2 } };
const boss: Entry = { name: "pg-boss, batches", file: "pg-boss", peer: true, concurrency: [20, 100, 256] };
const graphile: Entry = {
  name: "graphile-worker, batches",
  file: "graphile-worker",
  peer: true,
  concurrency: [16, 64],
};
const bullmq: Entry = { name: "BullMQ, Redis AOF everysec", file: "bullmq", peer: true, concurrency: [10, 50, 200] };

const notes = [
  "One PostgreSQL for all, each in a schema of its own: full sync, shared_buffers 512 MB, max_wal_size 4 GB, autovacuum every 10 s.",
  "A BeeHive step is atomic: state, outputs, commit and the check for duplicates are one transaction, leases are rows with tokens. The others add the next job, then complete.",
  "pg-boss fetches, inserts and completes batches, woken by notifications; graphile-worker fetches twice its concurrency at once and completes in batches.",
  "Statements are those of clients, as pg_stat_statements counts them.",
];

/** Events that many machines share, on one server of this machine. */
export async function postgres(effort: Effort): Promise<Outcome> {
  const { seconds, rounds } = effort;
  const versions = new Set(versionsOf("pg-boss", "graphile-worker", "pg", "bullmq"));
  const { result, entries } = await served((all) =>
    contest(all, { seconds, rounds, window, latencyLoad: 0.3, idleSeconds: 10 }),
  );
  const [own = hive, both = two, ...others] = entries;
  for (const { server } of entries) if (server) versions.add(server.version);
  const named = others.map((entry) => [figureNames[entry.file] ?? entry.file, entry] as const);
  return {
    tables: [
      speedTable("PostgreSQL, three hops", result, own, window, [...notes, ...result.standings.flatMap(loadNote)]),
      latencyTable("PostgreSQL: latency at 30% of each one's own peak", result),
    ],
    versions: [...versions],
    figures: {
      ...ownFigures("postgres", result, own),
      ...ratioFigures(result, own, Object.fromEntries(named)),
      postgresTwoToOne: ratiosOf(standingOf(result, both)?.rates ?? [], standingOf(result, own)?.rates ?? []).median,
    },
  };
}

/** Returns the processors that a server and the first process of a contestant took. */
function loadNote({ entry, rates, cpu, serverCpu }: Standing): string[] {
  if (entry.peer) return [];
  const processors = (msForThousand: readonly number[]): string =>
    numberOf((spreadOf(msForThousand).median * spreadOf(rates).median) / 1_000_000);
  const own = `its first process ${processors(cpu)} of ${availableParallelism()} processors`;
  return [`${entry.name}: the server took ${processors(serverCpu)}, ${own}.`];
}

const figureNames: Readonly<Record<string, string>> = {
  "pg-boss": "postgresToPgBoss",
  "graphile-worker": "postgresToGraphileWorker",
  bullmq: "postgresToBullmqOnRedis",
};

/** Runs with those whose servers are there; stops the servers. */
async function served(
  run: (entries: readonly Entry[]) => Promise<Contest>,
): Promise<{ readonly result: Contest; readonly entries: readonly Entry[] }> {
  using folder = scratchFolder();
  const entries: Entry[] = [];
  const leftOut: string[] = [];
  const servers: Server[] = [];
  const serve = async (start: () => Promise<Server>, ...on: readonly Entry[]): Promise<void> => {
    try {
      const server = await start();
      servers.push(server);
      entries.push(...on.map((entry) => ({ ...entry, server })));
    } catch (error) {
      if (!(error instanceof NotInstalled)) throw error;
      leftOut.push(...on.map(({ name }) => `${name}: ${error.message}`));
    }
  };
  try {
    await serve(startPostgres, hive, two, boss, graphile);
    await serve(() => startRedis(folder.path, {}), bullmq);
    const result = await run(entries);
    return { result: { ...result, leftOut: [...leftOut, ...result.leftOut] }, entries };
  } finally {
    for (const server of servers) await server.stop();
  }
}
