/**
 * Imports files while their worker is killed: `npm run sample -- file-import [--files 3] [--rows 600] [--kills 3] [--json]`.
 *
 * At the end it counts in the stores what must hold, however often and whenever the worker was killed.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createHive, silentLogger } from "beehive-actors";
import { Files, Imports, Prices } from "./events.ts";
import * as actors from "./hive.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "3" },
    rows: { type: "string", default: "600" },
    kills: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const [files, rows, kills] = [Number(values.files), Number(values.rows), Number(values.kills)];
const names = Array.from({ length: files }, (_, n) => `prices-${n + 1}.csv`);
const say = (text: string): void => (values.json ? console.error(text) : console.log(text));

const folder = await mkdtemp(join(tmpdir(), "file-import-"));
const provider = `sqlite:${join(folder, "import.db")}`;
const { hive: _, ...classes } = actors;
// It looks and puts files there; the worker does the rest.
const hive = await createHive({ actors: classes, provider, logger: silentLogger });
await hive.setup();
const [inbox, imports, prices] = [hive.store(Files), hive.store(Imports), hive.store(Prices)];
const lines = Array.from({ length: rows }, (_, line) => `sku-${line},${line / 100}`).join("\n");
for (const name of names) await inbox.insert(name, lines);

for (let kill = 0; kill < kills; kill++) {
  const worker = await started();
  await pause(Math.random() * 1_500);
  worker.kill("SIGKILL");
  await once(worker, "exit");
  say(`killed after ${await count(prices.all())} of ${files * rows} rows`);
}
const worker = await started();
while ((await count(inbox.list())) > 0) await pause(50);
worker.kill("SIGKILL");
await once(worker, "exit");

const ends = await Promise.all(names.map((name) => imports.find(name)));
const dead = await Promise.all(
  hive.descriptors.map(async ({ queueName }) => (await hive.queue(`${queueName}`).counts()).dead),
);
const invariants = {
  rowsImported: await count(prices.all()),
  rowsInFiles: files * rows,
  filesLeft: await count(inbox.list()),
  importsDone: ends.filter((one) => one?.status === "done" && one.imported === rows).length,
  deadLetters: dead.reduce((sum, one) => sum + one, 0),
};
const held =
  invariants.rowsImported === invariants.rowsInFiles &&
  invariants.importsDone === files &&
  invariants.filesLeft + invariants.deadLetters === 0;
say(held ? "every row was imported once" : "something was lost or came twice");
console.log(JSON.stringify({ ...invariants, held }));
if (!held) process.exitCode = 1;
await hive.stop();
await rm(folder, { recursive: true, force: true });

/** Returns a worker once it works. */
async function started(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, "worker.ts"), provider], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let found = 0;
  for await (const _ of items) found++;
  return found;
}
