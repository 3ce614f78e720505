import type { Provider, ProviderContext } from "./provider.ts";
import type { QueueSpec } from "./queue-operator.ts";
import type { ProviderSurface } from "./surface.ts";

/**
 * Describes a provider to the rest of the package, which names it nowhere else.
 *
 * The file that exports one loads neither an SDK nor `hosting/`; its functions import what they need when called.
 *
 * @typeParam Application What `leastRights` is computed for. The contract does not know actors; `hive` names the type.
 * @example
 * export const providerModule: ProviderModule = {
 *   scheme: "redis",
 *   packages: "redis",
 *   journal: "off",
 *   sharedBetweenProcesses: true,
 *   messagingSystem: "redis",
 *   open: async (url, context) => (await import("./index.ts")).openRedis(url, context),
 * };
 * registerProvider(providerModule);
 */
export interface ProviderModule<Application = never> {
  /** The scheme of its URLs and the `name` of its {@link Provider}: `aws`. */
  readonly scheme: string;
  /** The packages to install for it, as words of `npm install`. @default None. */
  readonly packages?: string;
  /** Default place of a hive's journal: its process, the stores of the provider, or none. */
  readonly journal: "memory" | "stored" | "off";
  /** The time between two looks of a hive at what operators set, in ms. @default 5_000 */
  readonly lookMs?: number;
  /** False when its queues live and end with one process. */
  readonly sharedBetweenProcesses: boolean;
  /** The charged requests that counting the events of one queue takes. @default None: it costs nothing. */
  readonly requestsOfCount?: number;
  /** `messaging.system` in the semantic conventions of OpenTelemetry: `aws_sqs`. */
  readonly messagingSystem: string;
  /** Opens the provider of a URL. @throws BeeHiveError `InvalidConfiguration` with every problem of the URL. */
  open(url: string, context: ProviderContext): Provider | Promise<Provider>;
  /** Returns its limits, for `beehive lint`. Reads the URL only. @throws BeeHiveError `InvalidConfiguration`. */
  rules?(url: string): Promise<ProviderRules>;
  /** Returns its servers and bindings, for AsyncAPI. Reads the URL only. @throws BeeHiveError `InvalidConfiguration`. */
  surface?(url: string): Promise<ProviderSurface>;
  /** Returns the least rights for an application, for `beehive policy`. Asks nothing of the cloud. */
  leastRights?(url: string, application: Application): Promise<LeastRights>;
  /** Returns the missing thing of a URL, such as `file`, where opening would create it. */
  missing?(url: string): Promise<string | undefined>;
  /** How to copy its data, in words, where `beehive backup` cannot. */
  readonly backupAdvice?: string;
  /** Returns the URL with relative paths resolved from a folder. */
  resolved?(url: string, folder: string): string;
}

/** The limits of a provider that are known without asking it. */
export interface ProviderRules {
  /** Returns what the provider refuses of these queues, in words. */
  problems(specs: readonly QueueSpec[]): readonly string[];
  /** How long its queues keep an event that was not settled, in ms. @default For ever. */
  readonly retentionMs?: number | undefined;
}

/** Rights, ready to be printed. */
export interface LeastRights {
  /** An IAM policy, or a list of roles; printed as JSON. */
  readonly document: object;
  /** The document as a table for people, its head first. @default The document is printed as it is. */
  readonly table?: readonly (readonly string[])[];
  /** Names what makes the rights wider than needed; printed after them. */
  readonly note?: string | undefined;
}

const registered = new Map<string, ProviderModule>();

/**
 * Makes `createHive` open the URLs of a provider.
 *
 * The face of each provider calls it on import, so that a bundle with `import "beehive-actors/aws"` needs no further
 * file.
 *
 * @example
 * registerProvider(providerModule);
 * const hive = await createHive({ actors, provider: "redis:?host=localhost" });
 */
export function registerProvider(module: ProviderModule): void {
  registered.set(module.scheme, module);
}

/** Returns the description of a loaded provider, by its scheme or name. */
export function registeredProvider(scheme: string): ProviderModule | undefined {
  return registered.get(scheme);
}
