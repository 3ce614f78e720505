import type { LeastRights } from "../../../src/contract/provider-module.ts";
import type { RightsRequest } from "../../../src/hive/open-provider.ts";
import { configFrom } from "../config.ts";
import { quoted } from "../database/migrate.ts";

/** The work of a role in a schema. */
export interface GrantOptions {
  /** @default "beehive" */
  readonly schema?: string | undefined;
  /** The role of the workers. @default "beehive_worker" */
  readonly role?: string | undefined;
  /** True for a role that makes the queues of its hives. The schema itself is made by its owner. @default false */
  readonly setup?: boolean | undefined;
  /** True for a role that publishes and does no more. @default false */
  readonly publisher?: boolean | undefined;
}

const read = ["migrations", "hive", "destinations", "subscriptions", "kept_topics"];
const topology = ["hive", "destinations", "subscriptions"];
const all = [
  "messages",
  "delayed",
  "lines",
  "line_messages",
  "dead_letters",
  "items",
  "recent_ids",
  "processes",
  "kept_topics",
  "log",
  "readers",
  "entering",
];

/**
 * Returns the least rights of a role, each as a statement for the owner of the schema.
 *
 * @example
 * for (const grant of leastGrants({ role: "shop" })) await owner.query(grant);
 */
export function leastGrants(options: GrantOptions = {}): readonly string[] {
  const { schema = "beehive", role = "beehive_worker", setup = false, publisher = false } = options;
  const grant = (rights: string, tables: readonly string[]): string =>
    `GRANT ${rights} ON ${tables.map((name) => `${quoted(schema)}.${name}`).join(", ")} TO ${quoted(role)};`;
  const work = publisher
    ? [
        grant("SELECT, INSERT", ["messages", "delayed", "line_messages", "log", "entering"]),
        grant("SELECT, INSERT, UPDATE", ["lines", "recent_ids", "kept_topics"]),
      ]
    : [
        grant("SELECT, INSERT, UPDATE, DELETE", all),
        `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${quoted(schema)} TO ${quoted(role)};`,
      ];
  return [
    `GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${quoted(role)};`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${quoted(schema)} TO ${quoted(role)};`,
    grant("SELECT", read),
    ...(setup ? [grant("INSERT, UPDATE, DELETE", topology), grant("UPDATE", ["migrations"])] : []),
    ...work,
  ];
}

/** Returns the grants that `beehive policy` prints: those of the user of the URL. */
export function leastRights(
  url: string,
  { descriptors, pulsers, sources, journal, setup, stores, deadLetters }: RightsRequest,
): LeastRights {
  const { schema, connection } = configFrom(url);
  const { connectionString } = connection as { readonly connectionString: string };
  const user = URL.canParse(connectionString) ? decodeURIComponent(new URL(connectionString).username) : "";
  const publisher = descriptors.length === 0 && pulsers.length === 0 && !sources && !journal && !stores && !deadLetters;
  const grants = leastGrants({ schema, role: user === "" ? undefined : user, setup, publisher });
  return {
    document: grants,
    table: [
      [`-- The owner of ${schema} runs these; the role then connects with setup=off.`],
      ...grants.map((one) => [one]),
    ],
  };
}
