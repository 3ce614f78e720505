/** The files on disk: their rights, and their removal while a hive runs. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { availableDrivers, type DriverName } from "../../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../../providers/sqlite/index.ts";
import { sleep, systemClock } from "../../../src/base/clock.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { sqliteFile, type SqliteFile } from "../../support/sqlite-file.ts";
import { Worker } from "../../support/effects-process.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: files", { timeoutMs: 30_000 });
const name = QueueName.parse("Letters");
const letter = (body: string): Event => new Event("Letter", body, { queueName: "Letters" });
const log = ["-wal", "-shm"];

async function opened(file: SqliteFile, driver: DriverName): Promise<SqliteProvider> {
  const provider = new SqliteProvider({ file: file.path, driver });
  await provider.queues.ensure([{ name, ordered: false, leaseMs: 1_000, maxAttempts: 3 }]);
  return provider;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "taken",
    (error: unknown) => (error as Error).message,
  );
}

/** Reads a copy of the file without its log. A copy, because libsql keeps the log of a closed file for a while. */
async function bodies(file: SqliteFile, driver: DriverName): Promise<readonly string[]> {
  copyFileSync(file.path, file.beside("copy.db"));
  const provider = new SqliteProvider({ file: file.beside("copy.db"), driver });
  const { signal } = new AbortController();
  const leases = await provider.queues.lease(name, { max: 10, leaseMs: 1_000, waitMs: 0, signal });
  await provider.close();
  return leases.map(({ event }) => event.getBody<string>());
}

for (const driver of availableDrivers()) {
  test(`${driver}: only the user can read the files of a hive`, async () => {
    using file = sqliteFile();
    const provider = await opened(file, driver);
    await provider.queues.push([letter("secret")]);
    const { signal } = new AbortController();
    await provider.queues.lease(name, { max: 1, leaseMs: 1_000, waitMs: 0, signal });
    await provider.backup(file.beside("backup.db"));
    const folder = dirname(file.path);
    const rights = readdirSync(folder).map((one) => [
      one.replace(/-process-.*/, "-process"),
      statSync(join(folder, one)).mode & 0o777,
    ]);
    assert.equal(Object.fromEntries(rights), {
      "backup.db": 0o600,
      "hive.db": 0o600,
      "hive.db-process": 0o600,
      "hive.db-shm": 0o600,
      "hive.db-wal": 0o600,
    });
    await provider.close();
  });

  test(`${driver}: a file keeps the rights that were given to it`, async () => {
    using file = sqliteFile();
    writeFileSync(file.path, "");
    chmodSync(file.path, 0o640);
    const provider = await opened(file, driver);
    const { signal } = new AbortController();
    await provider.queues.push([letter("a")]);
    await provider.queues.lease(name, { max: 1, leaseMs: 1_000, waitMs: 0, signal });
    const folder = dirname(file.path);
    for (const one of readdirSync(folder)) assert.is(statSync(join(folder, one)).mode & 0o777, 0o640, one);
    await provider.close();
  });

  test(`${driver}: a backup that fails leaves no file`, async () => {
    using file = sqliteFile();
    const provider = await opened(file, driver);
    await provider.close();
    assert.match(await refusal(provider.backup(file.beside("backup.db"))), "closed");
    assert.not.ok(existsSync(file.beside("backup.db")));
  });

  test(`${driver}: a removed log is noticed, confirmed writes are kept`, async () => {
    using file = sqliteFile();
    const provider = await opened(file, driver);
    await provider.queues.push([letter("before")]);
    for (const suffix of log) rmSync(file.path + suffix);
    const late = await refusal(provider.queues.push([letter("late")]));
    await sleep(systemClock, 30);
    const message = await refusal(provider.queues.push([letter("after")]));
    assert.match(message, /The log of the file .* was removed or replaced while it was open/);
    await provider.close();
    assert.equal(await bodies(file, driver), late === "taken" ? ["before", "late"] : ["before"]);
  });

  test(`${driver}: a replaced log is noticed, also by waiting polls`, async () => {
    for (const suffix of log) {
      using file = sqliteFile();
      const provider = await opened(file, driver);
      const { signal } = new AbortController();
      const waiting = refusal(provider.queues.lease(name, { max: 1, leaseMs: 1_000, waitMs: 20_000, signal }));
      renameSync(file.path + suffix, file.beside("moved"));
      writeFileSync(file.path + suffix, "another");
      assert.match(await waiting, /The log of the file .* was removed or replaced/);
      assert.match(await refusal(provider.queues.push([letter("lost")])), /was removed or replaced/);
      renameSync(file.beside("moved"), file.path + suffix);
      await provider.queues.push([letter("after")]);
      await provider.close();
      assert.equal(await bodies(file, driver), ["after"]);
    }
  });

  test(`${driver}: reading the file in its process loses nothing`, async () => {
    using file = sqliteFile();
    const provider = await opened(file, driver);
    await provider.queues.push([letter("before")]);
    readFileSync(file.path);
    await new Worker({ url: `sqlite:${file.path}`, jobs: [0, 0], leaseMs: 1_000 }).done();
    const answers: string[] = [];
    for (const body of ["1", "2", "3"]) {
      answers.push(await refusal(provider.queues.push([letter(body)])));
      await sleep(systemClock, 30);
    }
    await provider.close();
    const answered = ["1", "2", "3"].filter((_, n) => answers[n] === "taken");
    assert.equal(await bodies(file, driver), ["before", ...answered]);
  });
}

if (process.platform !== "win32")
  test("a file that began read-only opens once it can be written", () => {
    using file = sqliteFile();
    chmodSync(dirname(file.path), 0o777);
    const program = fileURLToPath(new URL("../../support/sqlite-read-only.ts", import.meta.url));
    const args = ["--import", "tsx", "-C", "beehive-source", program, dirname(file.path)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const [first, readOnly, again] = stdout.split("\n");
    assert.equal([first, again], ["written", "written"], stderr);
    assert.match(readOnly ?? "", /^AccessDenied .*hive\.db" is read-only\. The file and its folder must be writable/);
  });

test.run();
