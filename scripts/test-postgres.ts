/** Runs the tests of PostgreSQL on each version that the provider supports: `npm run test:postgres`, or with versions. */
import { spawnSync } from "node:child_process";
import { versions } from "../test/postgres/install.ts";

const given = process.argv.slice(2);
const failed: string[] = [];
for (const version of given.length > 0 ? given : versions.map(String)) {
  console.log(`PostgreSQL ${version}`);
  const env = { ...process.env, BEEHIVE_TEST_POSTGRES_VERSION: version };
  const { status } = spawnSync("npm", ["test", "--silent", "--", "postgres"], { env, stdio: "inherit" });
  if (status !== 0) failed.push(version);
}
console.log(failed.length === 0 ? "All versions passed." : `Failed on ${failed.join(", ")}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
