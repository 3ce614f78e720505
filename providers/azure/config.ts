import { inMs, type Duration } from "../../src/base/duration.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { safeText } from "../../src/base/safe-text.ts";
import { parsePlacelessUrl } from "../../src/contract/provider-url.ts";
import {
  duration,
  flag,
  matching,
  optionProblems,
  optionsIn,
  type OptionRules,
} from "../../src/provider-kit/options.ts";
import { placeProblems, type ServiceBusPlace, type StoragePlace } from "./places.ts";

/**
 * Options of the Azure provider, in a URL or as an object.
 *
 * @example
 * azure:?claimCheck=true&poll=2s
 */
export interface AzureTuning {
  /** The table of collections, keyed lists and counters; created when missing. @default "beehive" */
  readonly table: string;
  /** The blob container of key-value stores and locks; created when missing. @default "beehive" */
  readonly container: string;
  /**
   * The prefix of the names of simple queues; empty to use existing queues under their own names.
   *
   * Within a namespace a queue and a topic cannot have the same name.
   *
   * @default "queue-"
   */
  readonly queuePrefix: string;
  /** Makes queues and topics drop duplicates, which the Basic tier cannot. @default true */
  readonly duplicateDetection: boolean;
  /** Sends the body of a large event through the key-value store, and its key in the message. @default false */
  readonly claimCheck: boolean;
  /**
   * How long the log of a kept topic gathers events before it writes them, up to 1 minute. See docs/log.md.
   *
   * A longer time costs fewer requests, and lets the log lag more.
   *
   * @default 5_000
   */
  readonly logDelay: Duration;
  /** The longest wait of one receive. A poll checks in between whether it is to end. @default 1_000 */
  readonly poll: Duration;
  /** The longest wait for one answer of Azure, before the SDK tries again. @default 10_000 */
  readonly tryTimeout: Duration;
  /** The shortest lock that queues are made with. The cloud takes no shorter one than 5 s. @default 5_000 */
  readonly minLock: Duration;
}

/** Everything that the provider needs, with its lengths of time in ms. */
export interface AzureConfig extends AzureTuning {
  readonly serviceBus: ServiceBusPlace;
  readonly storage: StoragePlace;
  readonly logDelay: number;
  readonly poll: number;
  readonly tryTimeout: number;
  readonly minLock: number;
}

/**
 * Options of `AzureProvider.open`. Missing places come from the environment, see docs/azure.md.
 *
 * @example
 * await AzureProvider.open({ storage: { account: "shop" }, claimCheck: true, tryTimeout: "20s" });
 */
export type AzureOptions = Partial<
  AzureTuning & { readonly serviceBus: ServiceBusPlace; readonly storage: StoragePlace }
>;

type Tuning = Omit<AzureConfig, "serviceBus" | "storage">;

const defaultTuning: Tuning = {
  table: "beehive",
  container: "beehive",
  queuePrefix: "queue-",
  duplicateDetection: true,
  claimCheck: false,
  logDelay: 5_000,
  poll: 1_000,
  tryTimeout: 10_000,
  minLock: 5_000,
};

/** Timers of the SDKs that are longer than 24 days run at once. A day is far below. */
const maxMs = 24 * 60 * 60 * 1000;

const tuningRules: OptionRules<AzureTuning> = {
  table: matching(/^[A-Za-z][A-Za-z0-9]{2,62}$/, "3 to 63 letters and digits"),
  container: matching(/^[a-z0-9](?:-?[a-z0-9]){2,62}$/, "3 to 63 lower-case letters, digits and single hyphens"),
  queuePrefix: matching(/^[\w.-]*$/, "letters, digits, periods, hyphens or underscores"),
  duplicateDetection: flag(),
  claimCheck: flag(),
  logDelay: duration(0, 60_000),
  poll: duration(1, maxMs),
  tryTimeout: duration(1, maxMs),
  minLock: duration(1, maxMs),
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the configuration of a URL. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function configFrom(url: string, environment?: Environment): AzureConfig {
  return completed(optionsIn(parsePlacelessUrl(url), tuningRules), environment);
}

/** Returns the options of a URL without the places. @throws BeeHiveError `InvalidConfiguration` with every problem. */
export function tuningFrom(url: string): Tuning {
  return tuningOf(optionsIn(parsePlacelessUrl(url), tuningRules));
}

/**
 * Completes options with the places of the environment and with defaults.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem.
 */
export function completed(options: AzureOptions, environment: Environment = process.env): AzureConfig {
  const problems = optionProblems<AzureTuning>({ ...defaultTuning, ...options }, tuningRules);
  const serviceBus = options.serviceBus ?? serviceBusFrom(environment, problems);
  const storage = options.storage ?? storageFrom(environment, problems);
  problems.push(...placeProblems(serviceBus, storage));
  if (problems.length > 0 || !serviceBus || !storage)
    throw new BeeHiveError("InvalidConfiguration", `Azure cannot be used: ${problems.join("; ")}.`);
  return { ...tuningOf(options), serviceBus, storage };
}

function tuningOf(options: Partial<AzureTuning>): Tuning {
  const tuning = { ...defaultTuning, ...options };
  return {
    ...tuning,
    logDelay: inMs(tuning.logDelay),
    poll: inMs(tuning.poll),
    tryTimeout: inMs(tuning.tryTimeout),
    minLock: inMs(tuning.minLock),
  };
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
      ? "AZURE_SERVICEBUS_NAMESPACE must be a host with its domain, such as shop.servicebus.windows.net, " +
          `not "${safeText(namespace, 100)}"`
      : "set AZURE_SERVICEBUS_CONNECTION_STRING, or AZURE_SERVICEBUS_NAMESPACE (shop.servicebus.windows.net) " +
          "to sign in with Entra ID",
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

/** Reads a connection string from a variable. A problem is named without the text, which is a secret. */
function connectionStringFrom(
  environment: Environment,
  variable: string,
  part: string,
  problems: string[],
): string | undefined {
  const text = environment[variable]?.trim();
  if (text && (!text.toLowerCase().includes(part.toLowerCase()) || /^["']/.test(text)))
    problems.push(`${variable} is no connection string: it must contain ${part} and have no quotes around it`);
  return text;
}
