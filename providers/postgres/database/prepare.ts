import { BeeHiveError } from "../../../src/base/errors.ts";
import { printableLine } from "../../../src/base/printable.ts";
import type { Value } from "./value.ts";
import type { PostgresConfig } from "../config.ts";
import { codeOf } from "../errors.ts";
import { migration, needsMigration, schemaVersion, type SchemaState } from "./migrate.ts";

const oldestServer = 14;

type Send = <R>(text: string, values?: readonly Value[]) => Promise<readonly R[]>;

interface ServerState {
  readonly number: number;
  readonly encoding: string;
  readonly standby: boolean;
  readonly there: boolean;
}

/** Checks the server, and makes or migrates the schema. @throws BeeHiveError with what stands against it. */
export async function prepare(send: Send, { schema, setup }: PostgresConfig, where: string): Promise<void> {
  const found = await stateOf(send, schema, where);
  if (!needsMigration(found, where)) return;
  if (setup === "off")
    throw new BeeHiveError(
      "InvalidConfiguration",
      `${where} ${found.version === 0 ? "does not exist" : `has version ${found.version}`}, and this release needs ` +
        `version ${schemaVersion}. Run beehive setup as its owner; setup=off keeps this process from it.`,
    );
  try {
    await send(migration(schema));
  } catch (error) {
    if (codeOf(error) !== "42501") throw error;
    throw new BeeHiveError(
      "AccessDenied",
      `${where} cannot be made by this role. Run beehive setup as a role that may create schemas in the database ` +
        `(GRANT CREATE ON DATABASE), grant this one what beehive policy prints, and give it setup=off.`,
      { cause: error },
    );
  }
}

/** Returns the state of the schema. @throws BeeHiveError for a server that cannot be used. */
export async function stateOf(send: Send, schema: string, where: string): Promise<SchemaState> {
  const [server] = await send<{ readonly version: string }>("SELECT version() AS version");
  const version = server?.version ?? "";
  if (!version.startsWith("PostgreSQL ") || /-YB-|Redshift|Greenplum/.test(version))
    throw unfit(
      where,
      `its server is "${printableLine(version.slice(0, 60))}", not PostgreSQL ${oldestServer} or later`,
    );
  const [state] = await send<ServerState>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_encoding') AS encoding,
      pg_is_in_recovery() AS standby, EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = 'migrations') AS there`,
    [schema],
  );
  if (!state) throw unfit(where, "its server does not describe itself");
  const { number, encoding, standby, there } = state;
  if (number < oldestServer * 10_000)
    throw unfit(
      where,
      `its server is PostgreSQL ${Math.floor(number / 10_000)}, and ${oldestServer} is the oldest that works`,
    );
  if (encoding !== "UTF8")
    throw unfit(where, `its database is encoded as ${encoding}. Create one with ENCODING 'UTF8' TEMPLATE template0`);
  if (standby)
    throw new BeeHiveError(
      "Unavailable",
      `${where} could not be used: the server only reads, as it is a standby. Name the primary.`,
    );
  if (!there) return { version: 0, oldest: 0 };
  const [newest] = await send<SchemaState>(
    "SELECT version, oldest FROM beehive.migrations ORDER BY version DESC LIMIT 1",
  );
  return newest ?? { version: 0, oldest: 0 };
}

function unfit(where: string, problem: string): BeeHiveError {
  return new BeeHiveError("InvalidConfiguration", `${where} cannot be used: ${problem}.`);
}
