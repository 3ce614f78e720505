import type { ServiceBusPlace, StoragePlace } from "./places.ts";

/*
 * Places that look right and fail later, each in words: what was given and what to give. No text of a connection string is
 * repeated but the name of an entity.
 */

const domain = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i;
const account = /^[a-z0-9]+(?:\.[a-z0-9-]+)*$/i;

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
    `the namespace of Service Bus, AZURE_SERVICEBUS_NAMESPACE, must be its name with the domain and nothing else, such as ${name || "shop"}.servicebus.windows.net`,
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
