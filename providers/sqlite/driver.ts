import { messageOf } from "../../src/error-text.ts";
import { BeeHiveError } from "../../src/errors.ts";

/*
 * The two ways to SQLite from Node, behind what this provider needs of them. Both are synchronous and speak alike; what
 * differs is where they come from and how values are handed over.
 */

/** What SQLite stores. Numbers are safe integers here; SQLite keeps them in up to 64 bits. */
export type Value = string | number | null | Uint8Array;

/** A prepared statement. What it throws is the driver's own error; see `errors.ts`. */
export interface Statement<R = unknown> {
  /** Returns how many rows it changed. */
  run(values: readonly Value[]): number;
  /** Returns the id of the row that it inserted last. */
  insert(values: readonly Value[]): number;
  get(values: readonly Value[]): R | undefined;
  all(values: readonly Value[]): R[];
}

/** One connection. */
export interface Driver {
  readonly name: DriverName;
  prepare<R>(sql: string): Statement<R>;
  /** Runs statements that take and answer nothing. */
  exec(sql: string): void;
  close(): void;
}

export type DriverName = "node:sqlite" | "libsql";

/** In the order in which they are tried: what comes with Node first. */
export const driverNames: readonly DriverName[] = ["node:sqlite", "libsql"];

/**
 * Opens a file with the driver of that name, or with the first that is there.
 *
 * @throws BeeHiveError `InvalidConfiguration` when it, or none, is there; else what the driver throws.
 */
export function openDriver(file: string, wanted?: DriverName): Driver {
  const missing: string[] = [];
  for (const name of wanted ? [wanted] : driverNames) {
    const open = load(name);
    if (typeof open === "function") return open(file);
    missing.push(`${name} ${open}`);
  }
  throw new BeeHiveError(
    "InvalidConfiguration",
    `No driver for SQLite: ${missing.join("; ")}. Run on Node 22.13 or later, or npm install libsql.`,
  );
}

/** Those that can be loaded here. */
export function availableDrivers(): readonly DriverName[] {
  return driverNames.filter((name) => typeof load(name) === "function");
}

type Open = (file: string) => Driver;

/** How to open a file with that driver, or why it cannot be. */
function load(name: DriverName): Open | string {
  if (name === "node:sqlite") {
    const builtin = process.getBuiltinModule?.("node:sqlite") as { DatabaseSync: DatabaseClass } | undefined;
    return builtin ? (file) => adapt(name, new builtin.DatabaseSync(file), spread) : "comes with Node 22.13 and later";
  }
  try {
    // Not imported, and so left alone by bundlers. A bundle of CommonJS has no import.meta.url.
    const { createRequire } = process.getBuiltinModule("node:module");
    const Database = createRequire(import.meta.url ?? __filename)(name) as DatabaseClass;
    return (file) => adapt(name, new Database(file), throughArrays as AdaptStatement);
  } catch (error) {
    if (isNotFound(error, name)) return "is not installed";
    return `is installed but cannot be loaded (${messageOf(error).split("\n", 1)[0]})`;
  }
}

function isNotFound(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === "MODULE_NOT_FOUND" && String(message).includes(`'${name}'`);
}

/** What the three have in common. */
interface Database {
  prepare(sql: string): NativeStatement;
  exec(sql: string): void;
  close(): void;
}
type DatabaseClass = new (file: string) => Database;
interface NativeStatement {
  run(...values: unknown[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
}
interface LibsqlStatement extends NativeStatement {
  readonly reader: boolean;
  raw(): void;
  columns(): readonly { readonly name: string }[];
}

type AdaptStatement = <R>(statement: NativeStatement) => Statement<R>;

function adapt(name: DriverName, database: Database, adaptStatement: AdaptStatement): Driver {
  return {
    name,
    prepare: (sql) => adaptStatement(database.prepare(sql)),
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
  };
}

/**
 * libsql takes a single null or blob for a list of values, so it always gets a list. As objects, rows come dear and
 * with blobs as `ArrayBuffer`s; so they come as arrays.
 */
function throughArrays<R>(statement: LibsqlStatement): Statement<R> {
  let names: readonly string[] | undefined;
  const asObject = (values: unknown[]): R => {
    names ??= statement.columns().map(({ name }) => name);
    const row: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) row[names[i] as string] = values[i];
    return row as R;
  };
  if (statement.reader) statement.raw();
  return {
    run: (values) => Number(statement.run(values).changes),
    insert: (values) => Number(statement.run(values).lastInsertRowid),
    get: (values) => {
      const row = statement.get(values);
      return row === undefined ? undefined : asObject(row as unknown[]);
    },
    all: (values) => (statement.all(values) as unknown[][]).map(asObject),
  };
}

function spread<R>(statement: NativeStatement): Statement<R> {
  return {
    run: (values) => Number(statement.run(...values).changes),
    insert: (values) => Number(statement.run(...values).lastInsertRowid),
    get: (values) => statement.get(...values) as R | undefined,
    all: (values) => statement.all(...values) as R[],
  };
}
