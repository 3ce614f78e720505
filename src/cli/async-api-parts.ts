import type { ActorClass } from "../actors/actor.ts";
import { destination } from "../actors/descriptor.ts";
import { queueSpecs } from "../actors/topology.ts";
import type { AsyncApiParts, Bridge } from "../analysis/graph/async-api/index.ts";
import { isBeeHiveError } from "../base/errors.ts";
import type { ForeignChannel, ProviderSurface } from "../contract/surface.ts";
import { providerModule, providersWith } from "../hive/open-provider.ts";
import type { Application } from "./application.ts";
import { UsageError } from "./exit-code.ts";
import { registeredSchemas } from "./schemas/registered.ts";

/**
 * Returns what an AsyncAPI document holds beside the graph. Opens no provider.
 *
 * @param urls The providers for servers and bindings.
 * @param folder The folder of schemas, if there is one.
 */
export async function asyncApiParts(
  application: Application,
  urls: readonly string[],
  folder: string | undefined,
): Promise<AsyncApiParts> {
  const { descriptors, publishers } = application;
  return {
    surfaces: await Promise.all(urls.map(surfaceOf)),
    specs: queueSpecs(descriptors, publishers),
    bridges: bridgesOf(application),
    ...(folder !== undefined && { schemas: await registeredSchemas(folder) }),
  };
}

async function surfaceOf(url: string): Promise<ProviderSurface> {
  const scheme = url.split(":", 1)[0]?.toLowerCase() ?? "";
  const module = await providerModule(scheme);
  if (!module?.surface) {
    const known = (await providersWith("surface")).map((one) => `${one}:`).join(", ");
    throw new UsageError(`--provider takes ${known}, which have servers, not ${scheme}:.`);
  }
  try {
    return await module.surface(url.includes(":") ? url : `${url}:`);
  } catch (error) {
    if (!isBeeHiveError(error)) throw error;
    throw new UsageError(`--provider: ${error.message}`, { cause: error });
  }
}

function bridgesOf({ descriptors, options: { sources = [] } }: Application): readonly Bridge[] {
  return [
    ...sources.flatMap(({ name, channel, publishes: [to] = [] }): Bridge[] =>
      channel && to !== undefined ? [{ name, action: "receive", channel, events: destination(to) }] : [],
    ),
    ...descriptors.flatMap(({ name, actorType, queueName }): Bridge[] => {
      const { channel } = actorType as ActorClass & { readonly channel?: ForeignChannel };
      return isForeignChannel(channel) ? [{ name, action: "send", channel, events: queueName.destination }] : [];
    }),
  ];
}

/** An actor of an application may have a property of that name for itself. */
function isForeignChannel(channel: ForeignChannel | undefined): channel is ForeignChannel {
  return typeof channel === "object" && Array.isArray(channel.servers) && typeof channel.bindings === "object";
}
