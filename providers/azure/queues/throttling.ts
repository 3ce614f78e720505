import type { ServiceBusSender } from "@azure/service-bus";
import { metrics } from "@opentelemetry/api";
import type { AzureClients } from "../client.ts";
import { isCode } from "../errors.ts";
import { blobPipeline, type Pipeline } from "../sdk/blob-pipeline.ts";

type Policy = Parameters<Pipeline["addPolicy"]>[0];

/** What asked to slow down. */
type Service = "servicebus" | "tables" | "blobs";
type Operation = "send" | "receive" | "settle" | "manage" | "read" | "write";

/** A link of the SDK, as far as it is watched. */
interface Link {
  on(event: "rejected", listener: (context: RejectedContext) => void): void;
}

interface RejectedContext {
  readonly delivery?: { readonly remote_state?: { readonly error?: { readonly condition?: string } } };
}

const slowDown = new Set([429, 503]);

/**
 * Counts the requests that were refused because there were too many, each try of them: the SDKs try again by themselves, so
 * that all that is seen of it otherwise is that the hive is slow.
 */
export class Throttling {
  readonly #counter = metrics.getMeter("beehive-actors").createCounter("beehive.throttled", {
    description: "Requests that were refused because there were too many",
    unit: "{request}",
  });
  readonly #watched = new WeakSet<object>();

  /** Counts what the clients that speak HTTP are refused. */
  watchClients({ table, container, administration }: AzureClients): void {
    this.#watch(table.pipeline, "tables");
    this.#watch(blobPipeline(container), "blobs");
    this.#watch(administration?.pipeline, "servicebus");
  }

  /** Counts what is refused to a sender, whose link is open. */
  watchSender(sender: ServiceBusSender): void {
    const { _sender: inner } = sender as unknown as { readonly _sender?: { readonly link?: Link } };
    const link = inner?.link;
    if (!link || this.#watched.has(link)) return;
    this.#watched.add(link);
    link.on("rejected", ({ delivery }) => {
      if (delivery?.remote_state?.error?.condition === "com.microsoft:server-busy") this.#add("servicebus", "send");
    });
  }

  /** Runs an operation on messages that are received; counts when it is refused in the end. */
  async watching<T>(operation: "receive" | "settle", work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      if (isCode(cause, "ServiceBusy")) this.#add("servicebus", operation);
      throw error;
    }
  }

  #watch(pipeline: Pipeline | undefined, service: Service): void {
    // Clients that were given may serve several providers.
    if (!pipeline || pipeline.getOrderedPolicies().some(({ name }) => name === policyName)) return;
    const policy: Policy = {
      name: policyName,
      sendRequest: async (request, next) => {
        const response = await next(request);
        const reads = request.method === "GET" || request.method === "HEAD";
        if (slowDown.has(response.status))
          this.#add(service, service === "servicebus" ? "manage" : reads ? "read" : "write");
        return response;
      },
    };
    pipeline.addPolicy(policy, { afterPhase: "Retry" });
  }

  #add(service: Service, operation: Operation): void {
    this.#counter.add(1, {
      "messaging.system": "servicebus",
      "beehive.service": service,
      "messaging.operation.name": operation,
    });
  }
}

const policyName = "beehiveThrottling";
