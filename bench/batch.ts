import { join } from "node:path";
import { actor, bodyOf, collectionStore, createHive, eventType, silentLogger, type ActorClass } from "beehive-actors";
import type { Effort, Outcome } from "./outcome.ts";
import { scratchFolder } from "./servers/scratch.ts";
import { ratiosOf, spreadOf } from "./statistics.ts";
import { numberOf, spreadText } from "./table.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly price: number;
}

const RowRead = eventType("RowRead", bodyOf<Row>());
const Rows = collectionStore<Row>("Rows");

/** The actors that import rows: each in its own way, into the same collection. */
const importers: Readonly<Record<string, ActorClass>> = {
  "batches of 200": actor(
    "RowRead-Import",
    RowRead,
    { batch: { size: 200, interval: "100ms" }, uses: { rows: Rows } },
    async ({ batch, rows }) => {
      for (const { body } of batch) await rows.insert(body);
    },
  ),
  "one by one": actor(
    "RowRead-Import",
    RowRead,
    { parallelism: 1, uses: { rows: Rows } },
    async ({ body, rows }) => void (await rows.insert(body)),
  ),
  "one by one, 10 at a time": actor(
    "RowRead-Import",
    RowRead,
    { parallelism: 10, uses: { rows: Rows } },
    async ({ body, rows }) => void (await rows.insert(body)),
  ),
};

/** Measures how fast rows are imported on SQLite, in batches and one by one. */
export async function batch({ quick, rounds }: Effort): Promise<Outcome> {
  const count = quick ? 1_000 : 10_000;
  const rates = new Map(Object.keys(importers).map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, importer] of Object.entries(importers)) rates.get(name)?.push(await rateOf(importer, count));
  const [inBatches = [], single = []] = rates.values();
  const ratio = ratiosOf(inBatches, single);
  return {
    tables: [
      {
        title: "Batches: rows imported on SQLite at full sync",
        columns: ["import", "rows a second", "batches are faster by"],
        rows: [...rates].map(([name, all]) => [
          name,
          numberOf(spreadOf(all).median),
          all === inBatches ? "" : spreadText(ratiosOf(inBatches, all)),
        ]),
        notes: [
          `Median (least to most) of ${rounds} rounds of ${count} rows. Each row is an event, and an item of a collection.`,
        ],
      },
    ],
    figures: { "batch:ratio": ratio.median, "batch:rate": spreadOf(inBatches).median },
  };
}

/** Returns the rows a second of one import, from the start of the hive until the last row is there. */
async function rateOf(importer: ActorClass, count: number): Promise<number> {
  using folder = scratchFolder();
  const hive = await createHive({
    actors: importer,
    provider: `sqlite:${join(folder.path, "hive.db")}`,
    logger: silentLogger,
  });
  await hive.setup();
  await hive.push(
    Array.from({ length: count }, (_, n) => RowRead.create({ id: `${n}`, name: `row ${n}`, price: n / 100 })),
  );
  const startedAt = performance.now();
  await hive.start();
  await hive.whenIdle();
  const seconds = (performance.now() - startedAt) / 1_000;
  let rows = 0;
  for await (const _ of hive.store(Rows).all()) rows++;
  await hive.stop();
  if (rows !== count) throw new Error(`${rows} of ${count} rows were imported.`);
  return count / seconds;
}
