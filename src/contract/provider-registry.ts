import type { Provider, ProviderContext } from "./provider.ts";

/** Opens the provider of a URL. */
export type OpenUrl = (url: string, context: ProviderContext) => Provider | Promise<Provider>;

const registered = new Map<string, OpenUrl>();

/**
 * Registers how `createHive` opens URLs of a scheme.
 *
 * The module of each cloud calls it on import, so that a bundle with `beehive-actors/aws` needs no file at run time.
 *
 * @example
 * registerProvider("redis", (url, context) => new RedisProvider(url, context));
 */
export function registerProvider(scheme: string, open: OpenUrl): void {
  registered.set(scheme, open);
}

/** Returns how URLs of a scheme are opened; `undefined` for a scheme that is not registered. */
export function registeredProvider(scheme: string): OpenUrl | undefined {
  return registered.get(scheme);
}
