import type { Duration } from "../../src/base/duration.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { parseProviderUrl, shownUrl } from "../../src/contract/provider-url.ts";
import {
  checkedOptions,
  duration,
  matching,
  oneOf,
  optional,
  optionsIn,
  whole,
  type OptionRule,
  type OptionRules,
} from "../../src/provider-kit/options.ts";

/** The part of a `Pool` of the package `pg` that the provider uses. */
export interface PostgresPool {
  /** The options that the pool was made with: the connection that listens is made with them too. */
  readonly options?: object;
  query(config: object): Promise<{ readonly rows: readonly unknown[] }>;
  end(): Promise<void>;
}

/** The options of the PostgreSQL provider. */
export interface PostgresSettings {
  /**
   * The schema of the hive, which holds all of its tables and functions. Hives of one schema share their events.
   *
   * @default "beehive"
   */
  readonly schema: string;
  /**
   * The most connections of this process, besides the one that listens.
   *
   * @default 4
   */
  readonly connections: number;
  /**
   * Listens for new events on a connection of its own: `LISTEN`.
   *
   * A URL names another way to the server for that connection, where the usual one is a pooler. Where nothing is told,
   * as through PgBouncer, the process looks for events by itself.
   *
   * @default "on"
   */
  readonly listen: string;
  /**
   * How often a waiting process looks for what it was not told: events that came due, processes that died.
   *
   * @default "2s"
   */
  readonly poll: Duration;
  /**
   * The durability of commits. A crash of the server loses nothing confirmed with `full`, the last commits with `normal`.
   *
   * With `normal` a step is lost whole or not at all.
   *
   * @default "full"
   */
  readonly durability: "full" | "normal";
  /**
   * Makes and migrates the schema when it is first used. With `off` another role does so: `beehive setup`.
   *
   * @default "on"
   */
  readonly setup: "on" | "off";
  /**
   * The largest event body that is accepted, in bytes. The default is the limit of the smallest cloud.
   *
   * @default 262_144
   */
  readonly maxEventBytes: number;
  /**
   * How long the provider remembers the id of a pushed event, to drop its duplicates.
   *
   * @default "10m"
   */
  readonly deduplication: Duration;
}

/**
 * The options of the PostgreSQL provider, and the connection to the server: one of `url`, `connection` and `pool`.
 *
 * @example
 * createHive({ actors, provider: "postgres://worker@db.example/shop?schema=beehive&durability=normal" });
 * @example
 * createHive({ actors, provider: new PostgresProvider({ connection: { host: "db.example", password: () => token() } }) });
 */
export interface PostgresOptions extends Partial<PostgresSettings> {
  /** The URL of the database, with the options of `pg` such as `sslmode`. */
  readonly url?: string | undefined;
  /** The options of a `Client` of `pg`. */
  readonly connection?: object | undefined;
  /** A `Pool` of `pg`, which stays open when the provider is closed. */
  readonly pool?: PostgresPool | undefined;
}

/** A complete configuration. */
export interface PostgresConfig extends PostgresSettings {
  /** The connection options of `pg`, or a pool. */
  readonly connection: object;
  readonly pool: PostgresPool | undefined;
}

const defaultSettings: PostgresSettings = {
  schema: "beehive",
  connections: 4,
  listen: "on",
  poll: 2_000,
  durability: "full",
  setup: "on",
  maxEventBytes: 262_144,
  deduplication: 600_000,
};

const rules: OptionRules<PostgresSettings> = {
  schema: matching(/^(?!pg_)[a-z_][a-z\d_]{0,53}$/, "a name of small letters, digits and _, up to 54, not pg_…"),
  connections: whole(1, 1_000),
  listen: matching(/^(on|off|postgres(ql)?:\/\/.+)$/, "on, off or a postgres: URL"),
  poll: duration(10, 60_000),
  durability: oneOf("full", "normal"),
  setup: oneOf("on", "off"),
  maxEventBytes: whole(1, 256 * 1024 * 1024),
  deduplication: duration(1),
};

/** Options of `pg` and of libpq that a URL may have, which are passed on. */
const passed = [
  "application_name",
  "connect_timeout",
  "host",
  "port",
  "sslcert",
  "sslkey",
  "sslmode",
  "sslrootcert",
  "uselibpqcompat",
] as const;

const anyText: OptionRule = optional(matching(/^/, "a text"));
const urlRules: OptionRules<PostgresSettings & Record<(typeof passed)[number], string | undefined>> = {
  ...rules,
  ...(Object.fromEntries(passed.map((name) => [name, anyText])) as Record<(typeof passed)[number], OptionRule>),
};

/**
 * Reads a URL such as `postgres://user@host:5432/database?schema=beehive`.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the URL.
 */
export function configFrom(url: string): PostgresConfig {
  const parsed = parseProviderUrl(url);
  if (!parsed.place.startsWith("//"))
    throw unopened(shownUrl(parsed), "it is to name a server, as in postgres://user@host/database");
  // Not shown: what is taken for a host holds a part of the password.
  if (isCutInPassword(url)) throw unopened("postgres:", toEncode);
  const given = optionsIn(parsed, urlRules);
  const settings = Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(rules, name)));
  const rest = new URLSearchParams([...parsed.query].filter(([name]) => !Object.hasOwn(rules, name.trim())));
  const connectionString = `postgres:${parsed.place}${rest.size > 0 ? `?${rest.toString()}` : ""}`;
  if (!URL.canParse(connectionString) && !/^postgres:\/\/[^/]*@?\//.test(connectionString))
    throw unopened(shownUrl(parsed), toEncode);
  return { ...defaultSettings, ...settings, connection: { connectionString }, pool: undefined };
}

/**
 * Returns the configuration of options.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem.
 */
export function configOf({ url, connection, pool, ...settings }: PostgresOptions): PostgresConfig {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const base = url === undefined ? { ...defaultSettings, connection: connection ?? {}, pool } : configFrom(url);
  return checkedOptions("postgres", { ...base, ...given }, rules);
}

const toEncode = "a password with signs such as @ / # ? is to be URL-encoded";

/** Returns whether the server of a URL ends within the password, at a sign that is to be encoded there. */
export function isCutInPassword(url: string): boolean {
  const [, server = "", rest = ""] = /^[^:]*:\/\/([^/?#]*)(.*)$/.exec(url.trim()) ?? [];
  return !server.includes("@") && (/^[^=]*@/.test(rest) || !/^(?:\[[^\]]*\]|[^:]*)(?::\d*)?$/.test(server));
}

function unopened(given: string, problem: string): BeeHiveError {
  return new BeeHiveError("InvalidConfiguration", `"${given}" cannot be opened: ${problem}.`);
}
