import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { actor, lockStore, pulse, RejectEvent } from "beehive-actors";
import { FileFound, Files, Imports, Prices, RowRead, RowsImported, SweepDue } from "./events.ts";

export const sweeping = pulse("SweepDue", { every: "500ms" });

/** Finds new files. One process sweeps at a time, and each file is found once. */
export const Sweep = actor(
  "SweepDue-Sweep",
  SweepDue,
  { publishes: [FileFound], uses: { files: Files, imports: Imports, locks: lockStore } },
  async ({ files, imports, locks }) => {
    await using lock = await locks.tryLock("sweep", { ttl: "5s" });
    const found: string[] = [];
    if (lock)
      for await (const { key } of files.list())
        if (await imports.insertIfAbsent({ id: key, status: "found", imported: 0 })) found.push(key);
    return found.map((file) => FileFound.create({ file }));
  },
);

/** Streams a file into its rows. The rows, and how many they are, become known together. */
export const Split = actor(
  "FileFound-Split",
  FileFound,
  { publishes: [RowRead], uses: { files: Files, imports: Imports } },
  async function* ({ body: { file }, files, imports }) {
    const { body } = await files.read(file);
    let line = 0;
    for await (const text of createInterface({ input: Readable.from(body) })) {
      const [sku = "", price] = text.split(",");
      yield RowRead.create({ file, line: ++line, sku, price: Number(price) });
    }
    await imports.update({ ...(await imports.get(file)), status: "split", rows: line });
  },
);

/** Imports 200 rows in one step. A row that came twice would not be inserted. */
export const Load = actor(
  "RowRead-Load",
  RowRead,
  { batch: { size: 200, interval: "100ms" }, publishes: [RowsImported], uses: { prices: Prices } },
  async ({ batch, prices, context }) => {
    const rows = new Map<string, number>();
    for (const { event, body } of batch) {
      const { file, line, sku, price } = body;
      if (sku === "") {
        context.fail(event, new RejectEvent(`line ${line} of ${file} has no SKU`));
        continue;
      }
      await prices.insert({ id: `${file} ${line}`, sku, price });
      rows.set(file, (rows.get(file) ?? 0) + 1);
    }
    return [...rows].map(([file, count]) => RowsImported.create({ file, rows: count }, { partitionKey: file }));
  },
);

/** Removes a file whose rows were all imported. */
export const Clean = actor(
  "RowsImported-Clean",
  RowsImported,
  { ordered: true, uses: { files: Files, imports: Imports } },
  async ({ body, files, imports }) => {
    const found = await imports.get(body.file);
    const imported = found.imported + body.rows;
    const done = imported === found.rows;
    await imports.update({ ...found, imported, status: done ? "done" : found.status });
    if (done) await files.delete(body.file);
  },
);
