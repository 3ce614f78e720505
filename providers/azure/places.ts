import type { TableClient } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import type { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import type { ContainerClient } from "@azure/storage-blob";

/**
 * The Service Bus namespace: connection string, host name for Entra ID, or your own clients.
 *
 * @example
 * { connectionString: "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=…" }
 * { namespace: "shop.servicebus.windows.net" }
 */
export type ServiceBusPlace =
  | { readonly connectionString: string }
  | {
      /**
       * The host name. Its domain names the cloud: `shop.servicebus.windows.net`, `shop.servicebus.chinacloudapi.cn`.
       */
      readonly namespace: string;
      /** @default new DefaultAzureCredential() of @azure/identity */
      readonly credential?: TokenCredential | undefined;
    }
  | {
      readonly client: ServiceBusClient;
      /** Makes queues and counts their events. Without it both are refused. */
      readonly administration?: ServiceBusAdministrationClient | undefined;
    };

/**
 * The storage account: a connection string, an account name for Entra ID, or clients of your own.
 *
 * @example
 * { connectionString: "UseDevelopmentStorage=true" }
 * { account: "shop" }
 */
export type StoragePlace =
  | { readonly connectionString: string }
  | {
      /** The name, `shop`; in another cloud with its domain, `shop.core.chinacloudapi.cn`. */
      readonly account: string;
      /** @default new DefaultAzureCredential() of @azure/identity */
      readonly credential?: TokenCredential | undefined;
    }
  | { readonly table: TableClient; readonly container: ContainerClient };

const domain = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i;
const account = /^[a-z0-9]+(?:\.[a-z0-9-]+)*$/i;

/**
 * Returns what is wrong with places that look right and fail later, in words.
 *
 * No text of a connection string is repeated, because it holds a key.
 */
export function placeProblems(serviceBus: ServiceBusPlace | undefined, storage: StoragePlace | undefined): string[] {
  return [...(serviceBus ? serviceBusProblems(serviceBus) : []), ...(storage ? storageProblems(storage) : [])];
}

function serviceBusProblems(place: ServiceBusPlace): string[] {
  if ("namespace" in place) return namespaceProblems(place.namespace);
  if ("connectionString" in place && /\bAccountName=/i.test(place.connectionString))
    return ["the connection string of Service Bus is one of storage: it begins with Endpoint=sb://"];
  return [];
}

function namespaceProblems(namespace: string): string[] {
  if (domain.test(namespace)) return [];
  const [name] = namespace.replace(/^\w+:\/\//, "").split(/[./]/);
  return [
    "the namespace of Service Bus, AZURE_SERVICEBUS_NAMESPACE, must be its name with the domain and nothing else, " +
      `such as ${name || "shop"}.servicebus.windows.net`,
  ];
}

function storageProblems(place: StoragePlace): string[] {
  if ("connectionString" in place && /Endpoint=sb:/i.test(place.connectionString))
    return ["the connection string of storage is one of Service Bus: it has AccountName="];
  if ("account" in place && !account.test(place.account))
    return [
      "the storage account, AZURE_STORAGE_ACCOUNT, must be its name, such as shop, or shop.core.chinacloudapi.cn",
    ];
  return [];
}
