import type { TableClient } from "@azure/data-tables";
import type { ContainerClient } from "@azure/storage-blob";

/** What requests of a client go through. */
export type Pipeline = TableClient["pipeline"];

/** That of a blob client, which shares it with those made of it, and shows it to nobody. None of one that is no real client. */
export function blobPipeline(container: ContainerClient): Pipeline | undefined {
  const { pipeline } = container as unknown as { readonly pipeline?: { readonly _corePipeline?: Pipeline } };
  return pipeline?._corePipeline;
}
