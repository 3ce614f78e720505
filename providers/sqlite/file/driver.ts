import { messageOf } from "../../../src/base/error-text.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { assertValues, textProblem, type Value } from "./values.ts";

/*
 * The two SQLite drivers for Node behind one interface. Both are synchronous and have a similar API; they differ in
 * where they come from and how values are passed.
 */

/** A prepared statement. It throws the errors of the driver, see `errors.ts`. */
export interface Statement<R = unknown> {
  /** Returns the number of changed rows. */
  readonly run: (values: readonly Value[]) => number;
  /** Returns the id of the last inserted row. */
  readonly insert: (values: readonly Value[]) => number;
  readonly get: (values: readonly Value[]) => R | undefined;
  readonly all: (values: readonly Value[]) => R[];
}

/** A connection. */
export interface Driver {
  readonly name: DriverName;
  /** Prepares a statement, which refuses values that would crash a driver, see `values.ts`. */
  prepare<R>(sql: string): Statement<R>;
  /**
   * Returns the SQL that selects a column with foreign text, which may not be UTF-8.
   *
   * libsql ends the process on such text, so it reads bytes, and invalid text gets replacement characters.
   */
  text(column: string): string;
  /** Runs statements without values and results. */
  exec(sql: string): void;
  close(): void;
}

export type DriverName = "node:sqlite" | "libsql";

/** The drivers in the order in which they are tried. */
export const driverNames: readonly DriverName[] = ["node:sqlite", "libsql"];

/**
 * Opens a file with the wanted driver, or with the first available one.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the driver is not available; or the error of the driver.
 */
export function openDriver(file: string, wanted?: DriverName): Driver {
  const problem = textProblem(file);
  if (problem) throw new BeeHiveError("InvalidConfiguration", `${JSON.stringify(file)} cannot be a path: ${problem}.`);
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

/** Returns the drivers that can be loaded here. */
export function availableDrivers(): readonly DriverName[] {
  return driverNames.filter((name) => typeof load(name) === "function");
}

type Open = (file: string) => Driver;

/** Returns a function that opens files with that driver, or the reason why it is not available. */
function load(name: DriverName): Open | string {
  if (name === "node:sqlite") {
    const builtin = process.getBuiltinModule?.("node:sqlite") as { DatabaseSync: DatabaseClass } | undefined;
    return builtin
      ? (file) => adapt(name, new builtin.DatabaseSync(file), spread, (column) => column)
      : "comes with Node 22.13 and later";
  }
  try {
    // Use require, which bundlers leave alone. A CommonJS bundle has no import.meta.url.
    const { createRequire } = process.getBuiltinModule("node:module");
    const Database = createRequire(import.meta.url ?? __filename)(name) as DatabaseClass;
    return (file) => adapt(name, new Database(file), throughArrays as AdaptStatement, asBytes);
  } catch (error) {
    if (isNotFound(error, name)) return "is not installed";
    return `is installed but cannot be loaded (${messageOf(error).split("\n", 1)[0]})`;
  }
}

function isNotFound(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === "MODULE_NOT_FOUND" && String(message).includes(`'${name}'`);
}

/** The common interface of the drivers. */
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

function adapt(
  name: DriverName,
  database: Database,
  adaptStatement: AdaptStatement,
  text: (column: string) => string,
): Driver {
  return {
    name,
    prepare: (sql) => guarded(adaptStatement(database.prepare(sql))),
    text,
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
  };
}

/** Checks all values before the driver sees them. */
function guarded<R>(statement: Statement<R>): Statement<R> {
  const checked =
    <T>(call: (values: readonly Value[]) => T) =>
    (values: readonly Value[]): T => {
      assertValues(values);
      return call(values);
    };
  return {
    run: checked(statement.run),
    insert: checked(statement.insert),
    get: checked(statement.get),
    all: checked(statement.all),
  };
}

/** The suffix of the column that holds the type of another column. */
const typeSuffix = ":type";

function asBytes(column: string): string {
  return `CAST(${column} AS BLOB) AS ${column}, typeof(${column}) AS "${column}${typeSuffix}"`;
}

function ofBytes(bytes: unknown, type: unknown): unknown {
  if (type === "blob" || type === "null") return bytes;
  const text = Buffer.from(bytes as Uint8Array).toString();
  return type === "text" ? text : Number(text);
}

/**
 * Adapts a statement of libsql, with values and rows as arrays.
 *
 * libsql mistakes a single null or blob for a list of values, so it always gets a list. Its rows as objects are slow
 * and hold blobs as `ArrayBuffer`, so rows are read as arrays.
 */
function throughArrays<R>(statement: LibsqlStatement): Statement<R> {
  let names: readonly string[] | undefined;
  const asObject = (values: unknown[]): R => {
    names ??= statement.columns().map(({ name }) => name);
    const row: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      row[name] = names[i + 1] === name + typeSuffix ? ofBytes(values[i], values[i + 1]) : values[i];
    }
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
