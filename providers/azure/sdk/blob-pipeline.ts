import type { TableClient } from "@azure/data-tables";
import type { ContainerClient } from "@azure/storage-blob";

/** The policies that every request of a client passes. */
export type Pipeline = TableClient["pipeline"];

/**
 * Returns the pipeline of a blob client, which is not public; `undefined` for a substitute client.
 *
 * Clients of blobs share the pipeline of their container client.
 */
export function blobPipeline(container: ContainerClient): Pipeline | undefined {
  const { pipeline } = container as unknown as { readonly pipeline?: { readonly _corePipeline?: Pipeline } };
  return pipeline?._corePipeline;
}
