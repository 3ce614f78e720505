import { realpathSync } from "node:fs";
import type { Clock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { safeText } from "../../../src/base/safe-text.ts";
import type { SqliteConfig } from "../config.ts";
import { translate } from "../errors.ts";
import { openDriver, type Driver, type DriverName, type Statement } from "./driver.ts";
import { FileWatch } from "./file-watch.ts";
import { GroupCommit, type GroupHooks } from "./group-commit.ts";
import { noteClosed, noteOpened } from "./open-files.ts";
import { assertWritable, makePrivate } from "./private-file.ts";
import { migrate } from "./schema.ts";
import type { Value } from "./values.ts";

/** A prepared statement that throws `BeeHiveError`s. */
export type Query<R> = Pick<Statement<R>, "get" | "all">;

/**
 * The one connection of this process to the file.
 *
 * All calls are synchronous. A read between two groups returns the last commit of any process.
 */
export class SqliteClient {
  /** The path as the user gave it, for messages. */
  readonly file: string;
  /** The absolute path, which stays right when the working directory changes. */
  readonly path: string;
  readonly #driver: Driver;
  readonly #groups: GroupCommit;
  readonly #hooks: Partial<GroupHooks>[] = [];
  readonly #queries = new Map<string, Query<unknown>>();
  readonly #dataVersion: Statement<{ readonly data_version: number }>;
  readonly #watch: FileWatch;
  #seenDataVersion: number;
  #logLost = false;
  #closed = false;

  /** @throws BeeHiveError when no driver is available, or the file cannot be opened or migrated. */
  constructor({ file, durability, driver }: SqliteConfig, clock: Clock) {
    this.file = file;
    this.#driver = open(file, durability, driver);
    this.path = realpathSync(file);
    this.#watch = new FileWatch(file, this.path);
    this.#groups = new GroupCommit(file, this.#driver, clock, {
      begun: () => this.#notify("begun"),
      flush: () => this.#notify("flush"),
      committed: () => this.#notify("committed"),
      rolledBack: () => {
        this.#notify("rolledBack");
        this.#saveLog();
      },
    });
    this.#dataVersion = this.#driver.prepare("PRAGMA data_version");
    this.#seenDataVersion = this.#readDataVersion();
  }

  get driverName(): DriverName {
    return this.#driver.name;
  }

  /** Returns the SQL that selects a column with foreign text, see {@link Driver.text}. */
  text(column: string): string {
    return this.#driver.text(column);
  }

  /** True if a write would join a transaction that is about to be committed. */
  get groupPending(): boolean {
    return this.#groups.pending;
  }

  /** Adds hooks that are called around each group, in the order in which they were added. */
  addHooks(hooks: Partial<GroupHooks>): void {
    this.#hooks.push(hooks);
  }

  /** Prepares a statement for use within {@link write}, where a failure rolls back the group. */
  prepare<R>(sql: string): Statement<R> {
    return this.#read(() => this.#driver.prepare<R>(sql));
  }

  /** Returns a statement for reads outside of {@link write}. The same SQL is prepared only once. */
  query<R>(sql: string): Query<R> {
    let query = this.#queries.get(sql);
    if (!query) {
      const statement = this.prepare(sql);
      query = {
        get: (values) => this.#read(() => statement.get(values)),
        all: (values) => this.#read(() => statement.all(values)),
      };
      this.#queries.set(sql, query);
    }
    return query as Query<R>;
  }

  /** Runs `apply` within the group of this turn; see {@link GroupCommit}. */
  write<T>(apply: () => T): Promise<T> {
    this.assertOpen();
    return this.#groups.run(apply);
  }

  /**
   * Returns true if another connection has committed since the last call.
   *
   * Called in each group, and regularly while a lease call waits.
   *
   * @throws BeeHiveError `Unavailable` when the file or its log was removed or replaced, so that writes would be lost.
   */
  changedByOthers(): boolean {
    this.#assertIntact();
    const version = this.#readDataVersion();
    if (version === this.#seenDataVersion) return false;
    this.#seenDataVersion = version;
    return true;
  }

  #assertIntact(): void {
    try {
      this.#read(() => this.#watch.assertIntact());
    } catch (error) {
      this.#logLost = true;
      this.#saveLog();
      throw error;
    }
  }

  /** Saves confirmed commits after the log was removed. Runs outside of a transaction, which is rolled back first. */
  #saveLog(): void {
    if (this.#logLost && this.#watch.logMayBeSaved) this.#checkpoint();
  }

  /** Copies the log into the file, as far as other processes allow. */
  #checkpoint(): void {
    try {
      this.#driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // Other processes use the file; the last of them copies the log.
    }
  }

  /** Runs a statement that cannot be part of a transaction. */
  maintain(sql: string, values: readonly Value[] = []): void {
    this.#read(() => this.#driver.prepare(sql).all(values));
  }

  assertOpen(): void {
    if (this.#closed) throw new BeeHiveError("InvalidState", "The SQLite provider is closed.");
  }

  /** Commits the pending group and closes the file. */
  close(): void {
    if (this.#closed) return;
    this.#groups.close();
    this.#closed = true;
    // Copy the log, so that the file is complete by itself even if the driver keeps the log open. Never copy a log that
    // no longer belongs to the file: its old pages would overwrite those of other processes.
    if (this.#watch.logIntact) this.#checkpoint();
    this.#driver.close();
    noteClosed(this.path);
  }

  #read<T>(read: () => T): T {
    this.assertOpen();
    try {
      return read();
    } catch (error) {
      throw translate(error, this.file);
    }
  }

  #readDataVersion(): number {
    return this.#read(() => this.#dataVersion.get([])?.data_version ?? 0);
  }

  #notify(moment: keyof GroupHooks): void {
    for (const hooks of this.#hooks) hooks[moment]?.();
  }
}

/** How long opening blocks, in ms, while another process creates or migrates the file. */
const openTimeoutMs = 10_000;
/** How long a statement blocks after that, in ms. {@link GroupCommit} waits for the lock without blocking. */
const busyTimeoutMs = 5;
/** Pages of 4 KiB in the write-ahead log before they are copied into the file. */
const checkpointPages = 2_000;

function open(file: string, durability: SqliteConfig["durability"], name: SqliteConfig["driver"]): Driver {
  const driver = openFile(file, name);
  const path = realpathSync(file);
  try {
    noteOpened(path, driver.name);
  } catch (error) {
    driver.close();
    throw error;
  }
  try {
    driver.prepare(`PRAGMA busy_timeout = ${openTimeoutMs}`).all([]);
    // Lets free pages be released a few at a time. Has an effect only before the first table is created.
    driver.exec("PRAGMA auto_vacuum = INCREMENTAL");
    // With WAL, readers and the writer do not wait for each other; a commit is one append to the log and one flush.
    driver.prepare("PRAGMA journal_mode = WAL").all([]);
    // FULL flushes the log with each commit, so a power loss takes nothing. NORMAL flushes it only at checkpoints: a
    // power loss takes the last commits, each of them whole, and never damages the file.
    driver.exec(`PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
    // On macOS a plain fsync leaves data in the cache of the disk. The pragma has no effect elsewhere.
    driver.exec(`PRAGMA fullfsync = ${durability === "full" ? "ON" : "OFF"}`);
    driver.prepare(`PRAGMA wal_autocheckpoint = ${checkpointPages}`).all([]);
    // Truncates a log that grew in a burst once it has been copied.
    driver.prepare(`PRAGMA journal_size_limit = ${2 * checkpointPages * 4096}`).all([]);
    migrate(driver, file);
    driver.prepare(`PRAGMA busy_timeout = ${busyTimeoutMs}`).all([]);
    return driver;
  } catch (error) {
    driver.close();
    noteClosed(path);
    throw translate(error, file);
  }
}

function openFile(file: string, name: SqliteConfig["driver"]): Driver {
  assertWritable(file);
  makePrivate(file);
  try {
    return openDriver(file, name);
  } catch (cause) {
    if (cause instanceof BeeHiveError) throw cause;
    throw new BeeHiveError(
      "InvalidConfiguration",
      `The file "${safeText(file, 256)}" cannot be opened. Its folder must exist, and both must be readable and ` +
        "writable by this process.",
      { cause },
    );
  }
}
