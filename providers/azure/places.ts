import type { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import type { TableClient } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import type { ContainerClient } from "@azure/storage-blob";

/** Where the messages are: a connection string, a namespace for Entra ID, or ready-made clients. */
export type ServiceBusPlace =
  | { readonly connectionString: string }
  | {
      /** With its domain, which also names the cloud: `shop.servicebus.windows.net`, `shop.servicebus.chinacloudapi.cn`. */
      readonly namespace: string;
      /** `DefaultAzureCredential` of @azure/identity unless given. */
      readonly credential?: TokenCredential | undefined;
    }
  | {
      readonly client: ServiceBusClient;
      /** Makes queues and counts what is in them; without it both are refused. */
      readonly administration?: ServiceBusAdministrationClient | undefined;
    };

/** Where the state is. */
export type StoragePlace =
  | { readonly connectionString: string }
  | {
      /** A name, `shop`, or with its domain in another cloud, `shop.core.chinacloudapi.cn`. */
      readonly account: string;
      readonly credential?: TokenCredential | undefined;
    }
  | { readonly table: TableClient; readonly container: ContainerClient };
