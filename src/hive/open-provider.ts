import type { Codec } from "../contract/codec.ts";
import { systemClock } from "../base/clock.ts";
import type { ActorDescriptor } from "../actors/actor.ts";
import type { Publisher } from "../actors/publishes.ts";
import { BeeHiveError } from "../base/errors.ts";
import { registeredProvider, registerProvider, type ProviderModule } from "../contract/provider-module.ts";
import { parseProviderUrl } from "../contract/provider-url.ts";
import type { Provider, ProviderContext } from "../contract/provider.ts";
import type { KeptTopics } from "./keep.ts";
import type { Pulser } from "../actors/pulses/pulser.ts";
import { providers, schemeAliases } from "./providers.ts";

/** The application for which a provider computes least rights, and what it does there. */
export interface RightsRequest extends Publisher {
  readonly descriptors: readonly ActorDescriptor[];
  readonly pulsers: readonly Pulser[];
  /** Runs sources, which keep their place in a collection. @default false */
  readonly sources?: boolean | undefined;
  /** Keeps a journal in the stores of the provider. */
  readonly journal: boolean;
  /** Topics that keep their events. @default None. */
  readonly keep?: KeptTopics | undefined;
  /** Follows operators and sends heartbeats. @default true */
  readonly controls?: boolean | undefined;
  /** Makes the queues of the hive. @default false */
  readonly setup?: boolean | undefined;
  /** Lists, requeues and drops dead letters. @default false */
  readonly deadLetters?: boolean | undefined;
  /** Uses all stores. @default The stores that actors have injected. */
  readonly stores?: boolean | undefined;
  /** The account, where resources have one in their names. @default Any. */
  readonly account?: string | undefined;
  /** The partition of the cloud, where it has several. @default That of the region. */
  readonly partition?: string | undefined;
}

/**
 * Opens the provider of a URL: `memory:`, `sqlite:./hive.db`, `postgres://…`, `azure:…`, `aws:…`, or one of yours.
 *
 * Loads its module only now, so that nobody installs the SDK of a cloud that they do not use.
 *
 * @param context @default the system clock, and a logger that writes to the standard error
 * @throws BeeHiveError `InvalidConfiguration` when no provider has that scheme, its packages are not installed, or it
 *   is not part of the bundle.
 * @example
 * const provider = await openProvider("sqlite:./hive.db");
 * const counts = await provider.queues.counts(QueueName.parse("OrderAccepted-Payment"));
 * await provider.close();
 */
export async function openProvider(url: string, context: Partial<ProviderContext> = {}): Promise<Provider> {
  const { scheme } = parseProviderUrl(url);
  const module = await providerModule(scheme);
  if (!module) {
    const known = Object.keys(providers).map((name) => (name === "sqlite" ? "sqlite:FILE" : `${name}:`));
    const last = known.pop();
    throw new BeeHiveError(
      "InvalidConfiguration",
      `No provider is called "${scheme}". There are ${known.join(", ")} and ${last}.`,
    );
  }
  return withPackages(module, () => module.open(url, { clock: systemClock, ...context }));
}

/**
 * Calls a function of a provider, which imports the packages of the provider.
 *
 * @throws BeeHiveError `InvalidConfiguration` that names the packages to install.
 */
export async function withPackages<T>(
  { scheme, packages }: Pick<ProviderModule, "scheme" | "packages">,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (packages === undefined || !isMissingModule(cause)) throw cause;
    const message = `The provider ${scheme}: needs packages that are not installed. Run npm install ${packages}`;
    throw new BeeHiveError("InvalidConfiguration", message, { cause });
  }
}

/**
 * Returns the description of a provider, and loads it first if needed; `undefined` for an unknown one.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the provider is not part of the bundle.
 */
export async function providerModule(name: string): Promise<ProviderModule<RightsRequest> | undefined> {
  const scheme = (Object.hasOwn(schemeAliases, name) ? schemeAliases[name] : undefined) ?? name;
  const load = Object.hasOwn(providers, scheme) ? providers[scheme] : undefined;
  if (!registeredProvider(scheme) && load) {
    try {
      registerProvider((await load()).providerModule);
    } catch (cause) {
      if (!isMissingModule(cause)) throw cause;
      const message =
        `The provider ${scheme}: is not in this bundle. ` +
        `Add import "beehive-actors/${scheme}" to its entry, and bundle again.`;
      throw new BeeHiveError("InvalidConfiguration", message, { cause });
    }
  }
  return registeredProvider(scheme);
}

/** Returns the schemes of providers of this package with an optional part, such as `rules`. */
export async function providersWith(part: "rules" | "leastRights" | "surface"): Promise<readonly string[]> {
  const modules = await Promise.all(Object.keys(providers).map(providerModule));
  return modules.filter((module) => module?.[part]).map((module) => module?.scheme ?? "");
}

function isMissingModule(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}

/** Returns a provider whose bodies travel as the codec encodes them; the same provider without a codec. */
export async function withCodec(provider: Provider, codec: Codec | undefined): Promise<Provider> {
  if (codec === undefined) return provider;
  // Loaded for hives with a codec only.
  const { codedProvider } = await import("../schemas/coded-provider.ts");
  return codedProvider(provider, codec);
}
