/** Runs the tests of PostgreSQL on each version that the provider supports: `npm run test:postgres`, or with versions. */
import { spawnSync } from "node:child_process";
import { versions } from "../test/postgres/install.ts";

const given = process.argv.slice(2);
const known = versions.map(String);
const unknown = given.filter((one) => !known.includes(one));
if (unknown.length > 0) {
  console.error(`There is no version ${unknown.join(", ")} here: npm run test:postgres -- ${known.join(" ")}`);
  process.exit(2);
}
const failed: string[] = [];
for (const version of given.length > 0 ? given : known) {
  console.log(`PostgreSQL ${version}`);
  const env = { ...process.env, BEEHIVE_TEST_POSTGRES_VERSION: version };
  const { status } = spawnSync("npm", ["test", "--silent", "--", "postgres"], { env, stdio: "inherit" });
  if (status !== 0) failed.push(version);
}
console.log(failed.length === 0 ? "All versions passed." : `Failed on ${failed.join(", ")}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
