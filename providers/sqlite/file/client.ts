import { realpathSync } from "node:fs";
import type { Clock } from "../../../src/base/clock.ts";
import { safeText } from "../../../src/base/safe-text.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { SqliteConfig } from "../config.ts";
import { openDriver, type Driver, type DriverName, type Statement } from "./driver.ts";
import type { Value } from "./values.ts";
import { translate } from "../errors.ts";
import { FileWatch } from "./file-watch.ts";
import { noteClosed, noteOpened } from "./open-files.ts";
import { GroupCommit, type GroupHooks } from "./group-commit.ts";
import { assertWritable, makePrivate } from "./private-file.ts";
import { migrate } from "./schema.ts";

/** A prepared statement whose failures are told in the words of the library. */
export type Query<R> = Pick<Statement<R>, "get" | "all">;

/**
 * The one connection of this process to the file. Everything on it is synchronous: what is read between two groups
 * is what was committed last, by whichever process.
 */
export class SqliteClient {
  /** As it was given, for messages. */
  readonly file: string;
  /** Where it is, whatever becomes of the working directory. */
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

  /** @throws BeeHiveError when there is no driver, or the file cannot be opened, made or brought up to date. */
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

  /** The SQL that selects a column which may hold text of others, see {@link Driver.text}. */
  text(column: string): string {
    return this.#driver.text(column);
  }

  /** Whether what is written now shares its transaction with others. */
  get groupPending(): boolean {
    return this.#groups.pending;
  }

  /** Has these called around each group, in the order in which they were added. */
  addHooks(hooks: Partial<GroupHooks>): void {
    this.#hooks.push(hooks);
  }

  /** A statement for use within {@link write}, where failures undo the group. */
  prepare<R>(sql: string): Statement<R> {
    return this.#read(() => this.#driver.prepare<R>(sql));
  }

  /** A statement that reads outside of {@link write}. Kept: the same text is prepared once. */
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
   * Whether another connection committed since this was last asked. Asked in each group, and now and then while somebody
   * waits.
   *
   * @throws BeeHiveError `Unavailable` when the file or its log was removed or replaced: all that is written would go
   *   with the process.
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

  /** Keeps what was answered before the log was removed. Does nothing within a transaction: it is rolled back first. */
  #saveLog(): void {
    if (this.#logLost && this.#watch.logMayBeSaved) this.#checkpoint();
  }

  /** Copies what is in the log into the file, as far as others let it. */
  #checkpoint(): void {
    try {
      this.#driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // Others are at work on it: the last of them does it.
    }
  }

  /** Runs what cannot be part of a transaction. */
  maintain(sql: string, values: readonly Value[] = []): void {
    this.#read(() => this.#driver.prepare(sql).all(values));
  }

  assertOpen(): void {
    if (this.#closed) throw new BeeHiveError("InvalidState", "The SQLite provider is closed.");
  }

  /** Commits what waits and lets go of the file. */
  close(): void {
    if (this.#closed) return;
    this.#groups.close();
    this.#closed = true;
    // The file is whole by itself then, also where the driver holds on to the log for longer. From a log that is no
    // longer the file's, old pages would be copied over those of others.
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

/** While the file is opened, other processes may be making it: they are waited for standing still, for so long, in ms. */
const openTimeoutMs = 10_000;
/** Later the lock is waited for in {@link GroupCommit}, without standing still. */
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
    // Freed pages can be given back to the file system a few at a time. Only heeded before the first table is made.
    driver.exec("PRAGMA auto_vacuum = INCREMENTAL");
    // Readers and the one writer do not wait for each other; a commit is one append to the log and one flush.
    driver.prepare("PRAGMA journal_mode = WAL").all([]);
    // FULL: a commit is answered when the log is flushed, so a power loss takes nothing. NORMAL: the log is flushed
    // at checkpoints only; a power loss takes the last commits, each of them whole, and never damages the file.
    driver.exec(`PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
    // macOS: a plain fsync leaves the data in the cache of the disk. Without effect elsewhere.
    driver.exec(`PRAGMA fullfsync = ${durability === "full" ? "ON" : "OFF"}`);
    driver.prepare(`PRAGMA wal_autocheckpoint = ${checkpointPages}`).all([]);
    // A log that grew in a burst is cut back once it has been copied.
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
      `The file "${safeText(file, 256)}" cannot be opened. Its folder must exist, and both must be readable and writable by this process.`,
      { cause },
    );
  }
}
