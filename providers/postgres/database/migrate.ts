import { createHash } from "node:crypto";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { batchFunctions } from "./batch-functions.ts";
import { leaseFunctions } from "./lease-functions.ts";
import { lineFunctions } from "./line-functions.ts";
import { logFunctions } from "./log-functions.ts";
import { logTables } from "./log-schema.ts";
import { logUpkeepFunctions } from "./log-upkeep-functions.ts";
import { lineIndex, tables } from "./schema.ts";
import { stepFunctions } from "./step-functions.ts";
import { takeFunctions } from "./take-functions.ts";
import { upkeepFunctions } from "./upkeep-functions.ts";
import { cancelFunctions, withdrawFunctions } from "./withdraw-functions.ts";
import { withinFunctions } from "./within-functions.ts";

/**
 * The steps from each version of the schema to the next. A released one never changes.
 *
 * Functions have their version in their name: an older release that still runs goes on calling its own.
 */
const migrations: readonly string[] = [
  [tables, lineFunctions, takeFunctions, leaseFunctions, stepFunctions, upkeepFunctions, withinFunctions].join("\n"),
  [logTables, logFunctions, logUpkeepFunctions].join("\n"),
  withdrawFunctions,
  batchFunctions,
  [
    lineIndex,
    takeFunctions,
    leaseFunctions,
    stepFunctions,
    logFunctions,
    cancelFunctions,
    batchFunctions,
    upkeepFunctions,
  ].join("\n"),
];

/** The version that this release writes. */
export const schemaVersion: number = migrations.length;
/** The oldest release that can work with this schema, by the version that it writes. */
const oldestRelease = 1;

/** Returns an identifier of SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Returns SQL for a schema: `beehive.` stands for it. */
export function inSchema(sql: string, schema: string): string {
  return sql.replaceAll(/\bbeehive\./g, () => `${quoted(schema)}.`);
}

/** Returns the first of the two 32-bit numbers of the advisory locks of a schema. */
export function lockKeyOf(schema: string): number {
  return createHash("sha256").update(`beehive:${schema}`).digest().readInt32BE();
}

/** Returns a text literal of SQL. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Returns one statement that makes the tables, or migrates those of an older release.
 *
 * A statement is a transaction: it happens whole or not at all, also through a pooler. Two processes take turns.
 */
export function migration(schema: string): string {
  const steps = migrations.map(
    (sql, version) => `
    IF v_found <= ${version} THEN
      ${inSchema(sql, schema)}
    END IF;`,
  );
  return inSchema(
    `DO ${dollars(`
DECLARE
  v_found int := 0;
BEGIN
  PERFORM set_config('lock_timeout', '60s', true);
  PERFORM pg_advisory_xact_lock(${lockKeyOf(schema)}, 0);
  -- While a change of a table waits, for a backup say, the hives wait behind it.
  PERFORM set_config('lock_timeout', '5s', true);
  IF to_regnamespace(${literal(quoted(schema))}) IS NULL THEN
    CREATE SCHEMA ${quoted(schema)};
  END IF;
  CREATE TABLE IF NOT EXISTS beehive.migrations (
    version int PRIMARY KEY,
    -- The oldest release that can work with this version.
    oldest int NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  );
  SELECT coalesce(max(version), 0) INTO v_found FROM beehive.migrations;
  ${steps.join("\n")}
  IF v_found < ${schemaVersion} THEN
    INSERT INTO beehive.migrations (version, oldest) VALUES (${schemaVersion}, ${oldestRelease});
  END IF;
END`)}`,
    schema,
  );
}

/** Quotes a block that holds functions in `$$`. */
function dollars(block: string): string {
  return `$migration$${block} $migration$`;
}

/** The state of a schema. */
export interface SchemaState {
  /** 0 when there is none. */
  readonly version: number;
  readonly oldest: number;
}

/** Returns whether the schema must be migrated. @throws BeeHiveError when it is of a later release. */
export function needsMigration({ version, oldest }: SchemaState, where: string): boolean {
  if (oldest > schemaVersion)
    throw new BeeHiveError(
      "InvalidConfiguration",
      `${where} was written by a later release: its schema has version ${version}, this release knows ` +
        `versions up to ${schemaVersion}. Update beehive-actors.`,
    );
  return version < schemaVersion;
}
