import { parseProviderUrl } from "../../src/contract/provider-url.ts";
import type { ProviderSurface } from "../../src/contract/surface.ts";
import { configFrom } from "./config.ts";

/** Returns how a hive looks from outside: a schema of a database. Connects to nothing. */
export function postgresSurface(url: string): ProviderSurface {
  const { schema } = configFrom(url);
  const { host, pathname } = placeOf(url);
  // AsyncAPI has no binding for PostgreSQL.
  const bindings = { "x-postgres": { schema } };
  return {
    servers: {
      postgres: {
        host: host === "" ? "{host}" : host,
        ...(pathname.length > 1 && { pathname }),
        protocol: "postgres",
        description: "The database.",
        ...(host === "" && { variables: { host: { description: "The host of the server." } } }),
      },
    },
    channel: () => ({ servers: ["postgres"], bindings }),
    reading: () => ({}),
  };
}

/** Returns host and database. User and password are left out, with all options. */
function placeOf(url: string): Pick<URL, "host" | "pathname"> {
  const { place } = parseProviderUrl(url);
  // Several hosts, or none, make no URL.
  return URL.canParse(`postgres:${place}`) ? new URL(`postgres:${place}`) : { host: "", pathname: "" };
}
