/** Files for tests of the SQLite provider, each in its own temporary folder. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SqliteFile extends Disposable {
  readonly path: string;
  /** Returns a path in the same folder. */
  beside(name: string): string;
}

export function sqliteFile(): SqliteFile {
  const folder = mkdtempSync(join(tmpdir(), "beehive-sqlite-"));
  return {
    path: join(folder, "hive.db"),
    beside: (name) => join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
