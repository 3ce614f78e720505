import { TableClient, type TableServiceClientOptions } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import { ServiceBusAdministrationClient, ServiceBusClient, type RetryOptions } from "@azure/service-bus";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { BeeHiveError } from "../../src/base/errors.ts";
import { unicodeEscape } from "../../src/base/printable.ts";
import type { AzureConfig } from "./config.ts";
import { translate } from "./errors.ts";
import type { ServiceBusPlace, StoragePlace } from "./places.ts";
import { blobPipeline } from "./sdk/blob-pipeline.ts";
import { timeLimit } from "./sdk/time-limit.ts";

/** The clients of the SDKs. */
export interface AzureClients {
  readonly serviceBus: ServiceBusClient;
  readonly administration: ServiceBusAdministrationClient | undefined;
  readonly table: TableClient;
  readonly container: ContainerClient;
  /** True when the provider created `serviceBus`, and so closes it. */
  readonly ownsServiceBus: boolean;
}

/**
 * Retries of the SDK, before those of the delivery loop.
 *
 * The SDK notices a settlement whose connection broke only by its time-out. With the default of a minute the lock would
 * have ended by then.
 */
function retryOptionsOf({ tryTimeout }: AzureConfig): RetryOptions {
  return { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 5_000, timeoutInMs: tryTimeout };
}

/** Creates the clients. @throws BeeHiveError `InvalidConfiguration` when a connection string is malformed. */
export async function clientsFrom(config: AzureConfig): Promise<AzureClients> {
  const credential = needsCredential(config) ? await defaultCredential() : undefined;
  try {
    const clients = {
      ...serviceBusClients(config.serviceBus, retryOptionsOf(config), credential),
      ...storageClients(config.storage, config, credential),
      ownsServiceBus: !("client" in config.serviceBus),
    };
    limitTries(clients, config);
    return clients;
  } catch (error) {
    if (error instanceof BeeHiveError) throw error;
    const { message } = translate(error, "use the connection strings of Service Bus and storage");
    throw new BeeHiveError("InvalidConfiguration", message, { cause: error });
  }
}

/** Limits each try of the HTTP clients that the provider created. */
function limitTries({ administration, table, container }: AzureClients, config: AzureConfig): void {
  const limit = timeLimit(config.tryTimeout);
  const made = [
    ...("client" in config.serviceBus ? [] : [administration?.pipeline]),
    ...("table" in config.storage ? [] : [table.pipeline, blobPipeline(container)]),
  ];
  for (const pipeline of made) pipeline?.addPolicy(limit, { afterPhase: "Sign" });
}

function serviceBusClients(
  place: ServiceBusPlace,
  retryOptions: RetryOptions,
  credential: TokenCredential | undefined,
): Pick<AzureClients, "serviceBus" | "administration"> {
  if ("client" in place) return { serviceBus: place.client, administration: place.administration };
  if ("connectionString" in place) {
    const { connectionString } = place;
    // With a signature in place of a key the SDK can send and receive, but every administration request fails.
    const hasKey = /SharedAccessKey=/i.test(connectionString);
    const administration = hasKey ? new ServiceBusAdministrationClient(connectionString) : undefined;
    if (administration && /UseDevelopmentEmulator=true/i.test(connectionString)) useHttp(administration);
    return { serviceBus: new ServiceBusClient(connectionString, { retryOptions }), administration };
  }
  const own = (place.credential ?? credential) as TokenCredential;
  return {
    serviceBus: new ServiceBusClient(place.namespace, own, { retryOptions }),
    administration: new ServiceBusAdministrationClient(place.namespace, own),
  };
}

function storageClients(
  place: StoragePlace,
  { table, container }: AzureConfig,
  credential: TokenCredential | undefined,
): Pick<AzureClients, "table" | "container"> {
  if ("table" in place) return place;
  if ("connectionString" in place) {
    const local = /UseDevelopmentStorage=true|Endpoint(?:sProtocol)?=http(?::\/\/|;)/i.test(place.connectionString);
    const options: TableServiceClientOptions = { allowInsecureConnection: local };
    const tableClient = TableClient.fromConnectionString(place.connectionString, table, options);
    if (local) sendAscii(tableClient);
    return {
      table: tableClient,
      container: BlobServiceClient.fromConnectionString(place.connectionString).getContainerClient(container),
    };
  }
  const own = (place.credential ?? credential) as TokenCredential;
  const [account, suffix = "core.windows.net"] = splitOnce(place.account, ".");
  return {
    table: new TableClient(`https://${account}.table.${suffix}`, table, own),
    container: new BlobServiceClient(`https://${account}.blob.${suffix}`, own).getContainerClient(container),
  };
}

/** Makes the administration client use HTTP, for an emulator. The SDK has no option for that. */
function useHttp(administration: ServiceBusAdministrationClient): void {
  administration.pipeline.addPolicy(
    {
      name: "emulatorOverHttp",
      sendRequest(request, next) {
        request.url = request.url.replace(/^https:/, "http:");
        request.allowInsecureConnection = true;
        return next(request);
      },
    },
    { afterPhase: "Sign" },
  );
}

/** Escapes characters beyond ASCII. Azurite 3.35 corrupts a character that is split between chunks of a request. */
function sendAscii(table: TableClient): void {
  table.pipeline.addPolicy({
    name: "asciiBodies",
    sendRequest(request, next) {
      if (typeof request.body === "string") {
        request.body = request.body.replaceAll(/[\u0080-\uffff]/g, unicodeEscape);
        request.headers.set("content-length", request.body.length);
      }
      return next(request);
    },
  });
}

function needsCredential({ serviceBus, storage }: AzureConfig): boolean {
  return [serviceBus, storage].some(
    (place) => ("namespace" in place || "account" in place) && place.credential === undefined,
  );
}

async function defaultCredential(): Promise<TokenCredential> {
  try {
    // Because of this catch, bundlers only warn when the package is not installed.
    const { DefaultAzureCredential } = await import("@azure/identity").catch((error: unknown) => {
      throw error;
    });
    return new DefaultAzureCredential();
  } catch (cause) {
    throw new BeeHiveError(
      "InvalidConfiguration",
      "To sign in with Entra ID install @azure/identity, or set AZURE_SERVICEBUS_CONNECTION_STRING and " +
        "AZURE_STORAGE_CONNECTION_STRING.",
      { cause },
    );
  }
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
