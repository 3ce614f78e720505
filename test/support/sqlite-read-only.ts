/**
 * Opens a read-only file, then the same file with write access, and prints both results as lines. A separate
 * program, because root may write everywhere: it changes its user first. The folder is the first argument.
 */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { availableDrivers } from "../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../providers/sqlite/index.ts";
import { isBeeHiveError } from "../../src/base/errors.ts";

const [driver] = availableDrivers();
if (process.getuid?.() === 0) {
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}
const file = join(process.argv[2] as string, "hive.db");

async function use(): Promise<string> {
  try {
    const provider = new SqliteProvider({ file, driver });
    await provider.stores.counters.increment("Opened", "times", 1);
    await provider.close();
    return "written";
  } catch (error) {
    return isBeeHiveError(error) ? `${error.code} ${error.message}` : String(error);
  }
}

console.log(await use());
chmodSync(file, 0o400);
console.log(await use());
chmodSync(file, 0o600);
console.log(await use());
