import { createRequire } from "node:module";
import type { DriverName } from "../../providers/sqlite/file/driver.ts";

interface Database {
  prepare: (this: Database, sql: string) => Record<string, unknown>;
  exec: (this: Database, sql: string) => unknown;
}
interface DatabaseClass {
  readonly prototype: Database;
}

/** Statements run on all databases of a driver since the last `clear`, counted by their text. */
export interface StatementCounts extends Disposable {
  readonly all: number;
  readonly transactions: number;
  readonly byText: ReadonlyMap<string, number>;
  clear(): void;
}

/** Counts until it is disposed, on databases that are opened later. */
export function countStatements(driver: DriverName): StatementCounts {
  const { prototype } = databaseClassOf(driver);
  const { prepare, exec } = prototype;
  const counts = new Map<string, number>();
  const count = (sql: string): void => void counts.set(sql, (counts.get(sql) ?? 0) + 1);
  prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    for (const method of ["run", "get", "all"]) {
      const run = statement[method] as (...values: unknown[]) => unknown;
      statement[method] = (...values: unknown[]): unknown => {
        count(sql);
        return run.apply(statement, values);
      };
    }
    return statement;
  };
  prototype.exec = function (sql) {
    count(sql);
    return exec.call(this, sql);
  };
  const sumOf = (wanted: (sql: string) => boolean): number =>
    [...counts].reduce((sum, [sql, times]) => (wanted(sql) ? sum + times : sum), 0);
  return {
    get all() {
      return sumOf(() => true);
    },
    get transactions() {
      return sumOf((sql) => /^\s*BEGIN\b/i.test(sql));
    },
    byText: counts,
    clear: () => counts.clear(),
    [Symbol.dispose]: () => Object.assign(prototype, { prepare, exec }),
  };
}

function databaseClassOf(driver: DriverName): DatabaseClass {
  if (driver !== "node:sqlite") return createRequire(import.meta.url)(driver) as DatabaseClass;
  const builtin = process.getBuiltinModule("node:sqlite") as unknown as { readonly DatabaseSync: DatabaseClass };
  return builtin.DatabaseSync;
}
