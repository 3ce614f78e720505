import type { Provider, ProviderContext } from "./provider.ts";

/** Opens the provider of a URL. */
export type OpenUrl = (url: string, context: ProviderContext) => Provider | Promise<Provider>;

const registered = new Map<string, OpenUrl>();

/**
 * Makes `createHive` open URLs of a scheme by `open`. The module of each cloud calls it when it is imported, so that a
 * bundle that imports `beehive-actors/aws` has it without looking for a file.
 */
export function registerProvider(scheme: string, open: OpenUrl): void {
  registered.set(scheme, open);
}

export function registeredProvider(scheme: string): OpenUrl | undefined {
  return registered.get(scheme);
}
