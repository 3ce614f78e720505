import type { ServiceBusSender } from "@azure/service-bus";
import { metrics } from "@opentelemetry/api";
import type { AzureClients } from "../client.ts";
import { isCode } from "../errors.ts";
import { blobPipeline, type Pipeline } from "../sdk/blob-pipeline.ts";

type Policy = Parameters<Pipeline["addPolicy"]>[0];

/** The service that throttles. */
type Service = "servicebus" | "tables" | "blobs";
type Operation = "send" | "receive" | "settle" | "manage" | "read" | "write";

/** A link of the SDK. */
interface Link {
  on(event: "rejected", listener: (context: RejectedContext) => void): void;
}

interface RejectedContext {
  readonly delivery?: { readonly remote_state?: { readonly error?: { readonly condition?: string } } };
}

const slowDown = new Set([429, 503]);

/**
 * Counts throttled requests, each try of them, in the metric `beehive.throttled`.
 *
 * The SDKs retry on their own, so that without this metric a throttled hive is only slow.
 */
export class Throttling {
  readonly #counter = metrics.getMeter("beehive-actors").createCounter("beehive.throttled", {
    description: "Throttled requests",
    unit: "{request}",
  });
  readonly #watched = new WeakSet<object>();

  /** Counts refusals of the HTTP clients. */
  watchClients({ table, container, administration }: AzureClients): void {
    this.#watch(table.pipeline, "tables");
    this.#watch(blobPipeline(container), "blobs");
    this.#watch(administration?.pipeline, "servicebus");
  }

  /** Counts refusals of a sender whose link is open. */
  watchSender(sender: ServiceBusSender): void {
    const { _sender: inner } = sender as unknown as { readonly _sender?: { readonly link?: Link } };
    const link = inner?.link;
    if (!link || this.#watched.has(link)) return;
    this.#watched.add(link);
    link.on("rejected", ({ delivery }) => {
      if (delivery?.remote_state?.error?.condition === "com.microsoft:server-busy") this.#add("servicebus", "send");
    });
  }

  /** Counts an operation that is throttled after all retries of the SDK. Passes its outcome. */
  async countRefusals<T>(operation: "receive" | "settle", work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      if (isCode(cause, "ServiceBusy")) this.#add("servicebus", operation);
      throw error;
    }
  }

  #watch(pipeline: Pipeline | undefined, service: Service): void {
    // A client of the user may serve several providers.
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
