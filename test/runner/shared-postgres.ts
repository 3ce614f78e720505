/** The PostgreSQL server of all test files of a run, started when one of them needs it. See ../support/postgres-server.ts. */
import { readFileSync } from "node:fs";
import { newest, versions, type Version } from "../postgres/install.ts";
import { startPostgres } from "../postgres/server.ts";
import type { TestFile } from "./run-file.ts";

/** Tells the test files by their environment where the server is, or why there is none; returns what stops it. */
export async function sharePostgres(files: readonly TestFile[]): Promise<() => Promise<void>> {
  const { env } = process;
  if (env["BEEHIVE_TEST_POSTGRES"] !== undefined || !files.some(needsPostgres)) return async () => {};
  try {
    const server = await startPostgres({ version: versionOf(env["BEEHIVE_TEST_POSTGRES_VERSION"]) });
    env["BEEHIVE_TEST_POSTGRES"] = server.url;
    return () => server.stop();
  } catch (error) {
    env["BEEHIVE_TEST_POSTGRES_MISSING"] = error instanceof Error ? error.message : String(error);
    return async () => {};
  }
}

function needsPostgres({ path }: TestFile): boolean {
  return readFileSync(path, "utf8").includes("support/postgres-server");
}

function versionOf(text: string = String(newest)): Version {
  const version = versions.find((one) => String(one) === text);
  if (version === undefined) throw new Error(`BEEHIVE_TEST_POSTGRES_VERSION is one of ${versions.join(", ")}`);
  return version;
}
