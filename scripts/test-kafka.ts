/**
 * Runs the tests of the bridge beside an Apache Kafka broker: `npm run test:kafka`, or with a pattern of test files.
 *
 * The broker needs Java 17 and Maven; where they are missing the tests are counted as skipped. The client of Kafka needs a
 * newer Node than this project, so that the tests run on one from npm. The first run fetches both.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fetchJars, lacking } from "../test/kafka/broker.ts";
import { kafkaFolder as folder, newerNode } from "../test/kafka/newer-node.ts";
import { messageOf } from "../src/base/error-text.ts";
import { installLocked } from "./install.ts";

const root = join(import.meta.dirname, "..");
const missing = lacking() ?? fetched();

if (missing !== undefined) {
  const files = readdirSync(folder).filter((file) => file.endsWith(".test.ts"));
  const text = files.map((file) => readFileSync(join(folder, file), "utf8")).join("");
  const tests = (text.match(/^ *test\(/gm) ?? []).length;
  console.log(`The bridge to Kafka: ${missing}.\n0 passed, 0 failed, ${tests} skipped`);
} else process.exitCode = run();

/** Fetches the client and the broker. Returns why Maven cannot, such as on a machine without a way to it. */
function fetched(): string | undefined {
  // The jars are within its folder of packages.
  installLocked(folder);
  try {
    fetchJars();
    return undefined;
  } catch (error) {
    return `Maven cannot fetch Kafka (${messageOf(error).split("\n", 1)[0]})`;
  }
}

function run(): number {
  const imports = ["tsx", pathToFileURL(join(folder, "resolve.mjs")).href].flatMap((one) => ["--import", one]);
  const args = [...imports, "-C", "beehive-source", "test/run.ts", "--workers", "1", ...patterns()];
  const env = { ...process.env, BEEHIVE_TEST_KAFKA: "on" };
  const ended = spawnSync(newerNode(), args, { cwd: root, env, stdio: "inherit" });
  if (ended.signal) console.error(`The tests were ended by ${ended.signal}.`);
  return ended.status ?? 1;
}

function patterns(): readonly string[] {
  const given = process.argv.slice(2);
  return given.length > 0 ? given : ["test/kafka/"];
}
