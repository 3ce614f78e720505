import type { QueueSpec } from "../../../contract/queue-operator.ts";
import type { Bindings, ProviderSurface, SurfaceServer } from "../../../contract/surface.ts";
import type { QueueName } from "../../../events/queue-name.ts";
import { referenceTo, type Keys, type Reference } from "./keys.ts";

/** The place of a channel: its servers, and the settings that it has there. */
export interface Place {
  readonly servers?: readonly Reference[];
  readonly bindings?: Bindings;
}

/** The servers of the document, and the places of channels on them. */
export class Servers {
  readonly #keys: Keys;
  readonly #surfaces: readonly ProviderSurface[];
  readonly #specs: readonly QueueSpec[];
  readonly #servers: Record<string, SurfaceServer> = {};

  /** @param specs Each topic, subscription and queue of the application. */
  constructor(keys: Keys, surfaces: readonly ProviderSurface[], specs: readonly QueueSpec[]) {
    this.#keys = keys;
    this.#surfaces = surfaces;
    this.#specs = specs;
    for (const { servers } of surfaces) for (const [name, server] of Object.entries(servers)) this.add(name, server);
  }

  get all(): object {
    return Object.keys(this.#servers).length === 0 ? {} : { servers: this.#servers };
  }

  /** Returns a reference to a server, which it adds. Equal servers are one. */
  add(name: string, server: SurfaceServer): Reference {
    // Dots are no part of the key of a server.
    const key = this.#keys.of("server", name.replaceAll(".", "_"), JSON.stringify(server));
    this.#servers[key] = server;
    return referenceTo("servers", key);
  }

  /** Returns where a topic or queue is. */
  ofChannel(name: QueueName): Place {
    const spec = this.#specOf(name) ?? { name, ordered: false, leaseMs: 30_000, maxAttempts: 1, publishedOnly: true };
    const readers = this.#specs.filter((one) => one.name.kind === "subscription" && one.name.topic === name.topic);
    const places = this.#surfaces.map((surface) => ({ surface, ...surface.channel(spec, readers) }));
    const servers = places.flatMap(({ surface, servers: names }) =>
      names.flatMap((one) => {
        const server = surface.servers[one];
        return server ? [this.add(one, server)] : [];
      }),
    );
    return placeOf(servers, places);
  }

  /** Returns the settings of a subscription or queue that an actor reads. */
  ofReading(name: QueueName): Place {
    const spec = this.#specOf(name);
    const places = spec ? this.#surfaces.map((surface) => ({ bindings: surface.reading(spec) })) : [];
    return placeOf([], places);
  }

  #specOf(name: QueueName): QueueSpec | undefined {
    return this.#specs.find((spec) => String(spec.name) === String(name));
  }
}

/** Puts places together. Of several bindings of one protocol the first stays. */
function placeOf(servers: readonly Reference[], places: readonly { readonly bindings: Bindings }[]): Place {
  const bindings: Bindings = places.reduce<Bindings>((all, place) => ({ ...all, ...place.bindings, ...all }), {});
  return {
    ...(servers.length > 0 && { servers }),
    ...(Object.keys(bindings).length > 0 && { bindings }),
  };
}
