import { placeProblems } from "./place-problems.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import type { ServiceBusPlace, StoragePlace } from "./places.ts";
import { flag, matching, optionProblems, optionsIn, whole, type OptionRules } from "../../src/provider-kit/options.ts";
import { parsePlacelessUrl } from "../../src/contract/provider-url.ts";
import { safeText } from "../../src/base/safe-text.ts";

/** How the Azure provider is tuned, as `azure:?claimCheck=true` or as an object. */
export interface AzureTuning {
  /** The table of collections, keyed lists and counters; `beehive` unless said. Made when it is not there. */
  readonly table: string;
  /** The blob container of key-value stores and locks; `beehive` unless said. Made when it is not there. */
  readonly container: string;
  /**
   * What stands before the name of a simple queue, `queue-` unless said: in a namespace a queue and a topic cannot have
   * the same name. Empty to use queues that are there under their own names.
   */
  readonly queuePrefix: string;
  /** Whether queues and topics are made to drop duplicates, which the Basic tier cannot; they are unless said. */
  readonly duplicateDetection: boolean;
  /** Whether the body of an event that is too large goes to the key-value store, and its key travels; not unless said. */
  readonly claimCheck: boolean;
  /** How long one receive waits before it looks whether it is to end, in ms; 1,000 unless said. */
  readonly pollMs: number;
  /** How long the SDK waits for one answer before it asks again, in ms; 10,000 unless said. */
  readonly tryTimeoutMs: number;
  /** The shortest lock that queues are made with, in ms; 5,000 unless said, the least that the cloud gives. */
  readonly minLockMs: number;
}

export interface AzureConfig extends AzureTuning {
  readonly serviceBus: ServiceBusPlace;
  readonly storage: StoragePlace;
}

/** As {@link AzureConfig}, with the places from the environment and the rest by default where not given. */
export type AzureOptions = Partial<AzureConfig>;

const defaultTuning: AzureTuning = {
  table: "beehive",
  container: "beehive",
  queuePrefix: "queue-",
  duplicateDetection: true,
  claimCheck: false,
  pollMs: 1_000,
  tryTimeoutMs: 10_000,
  minLockMs: 5_000,
};

/** Longer timers of the SDKs would run at once. */
const maxMs = 24 * 60 * 60 * 1000;

const tuningRules: OptionRules<AzureTuning> = {
  table: matching(/^[A-Za-z][A-Za-z0-9]{2,62}$/, "3 to 63 letters and digits"),
  container: matching(/^[a-z0-9](?:-?[a-z0-9]){2,62}$/, "3 to 63 lower-case letters, digits and single hyphens"),
  queuePrefix: matching(/^[\w.-]*$/, "letters, digits, periods, hyphens or underscores"),
  duplicateDetection: flag(),
  claimCheck: flag(),
  pollMs: whole(1, maxMs),
  tryTimeoutMs: whole(1, maxMs),
  minLockMs: whole(1, maxMs),
};

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws BeeHiveError `InvalidConfiguration` with every problem of the URL. */
export function optionsFrom(url: string): AzureOptions {
  return optionsIn(parsePlacelessUrl(url), tuningRules);
}

/** @throws BeeHiveError `InvalidConfiguration` with everything that is missing or wrong. */
export function configFrom(options: AzureOptions, environment: Environment = process.env): AzureConfig {
  const tuning = { ...defaultTuning, ...options };
  const problems = optionProblems<AzureTuning>(tuning, tuningRules);
  const serviceBus = options.serviceBus ?? serviceBusFrom(environment, problems);
  const storage = options.storage ?? storageFrom(environment, problems);
  problems.push(...placeProblems(serviceBus, storage));
  if (problems.length > 0)
    throw new BeeHiveError("InvalidConfiguration", `Azure cannot be used: ${problems.join("; ")}.`);
  return { ...tuning, serviceBus: serviceBus as ServiceBusPlace, storage: storage as StoragePlace };
}

function serviceBusFrom(environment: Environment, problems: string[]): ServiceBusPlace | undefined {
  const connectionString = connectionStringFrom(
    environment,
    "AZURE_SERVICEBUS_CONNECTION_STRING",
    "Endpoint=sb://",
    problems,
  );
  const namespace = environment["AZURE_SERVICEBUS_NAMESPACE"]?.trim();
  if (connectionString) return { connectionString };
  if (namespace && /^[\w-]+(\.[\w-]+)+$/.test(namespace)) return { namespace };
  problems.push(
    namespace
      ? `AZURE_SERVICEBUS_NAMESPACE must be a host with its domain, such as shop.servicebus.windows.net, not "${safeText(namespace, 100)}"`
      : "set AZURE_SERVICEBUS_CONNECTION_STRING, or AZURE_SERVICEBUS_NAMESPACE (shop.servicebus.windows.net) to sign in with Entra ID",
  );
  return undefined;
}

function storageFrom(environment: Environment, problems: string[]): StoragePlace | undefined {
  const connectionString = connectionStringFrom(environment, "AZURE_STORAGE_CONNECTION_STRING", "=", problems);
  const account = environment["AZURE_STORAGE_ACCOUNT"]?.trim();
  if (connectionString) return { connectionString };
  if (account && /^[a-z\d]+(\.[\w-]+)*$/.test(account)) return { account };
  problems.push(
    account
      ? `AZURE_STORAGE_ACCOUNT must be the name of an account, such as shop, not "${safeText(account, 100)}"`
      : "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT to sign in with Entra ID",
  );
  return undefined;
}

/** Reads a connection string from a variable. One that is none is told without its text, which is a secret. */
function connectionStringFrom(
  environment: Environment,
  variable: string,
  part: string,
  problems: string[],
): string | undefined {
  const text = environment[variable]?.trim();
  if (text && (!text.toLowerCase().includes(part.toLowerCase()) || /^["']/.test(text)))
    problems.push(`${variable} is no connection string, which has no quotes around it and holds ${part}`);
  return text;
}
