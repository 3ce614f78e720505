import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { blobBytes } from "../../../src/provider-kit/blob-body.ts";
import { checkedMetadata } from "../../../src/provider-kit/blob-metadata.ts";
import { checkedKey, ifFound } from "../../../src/contract/keys.ts";
import { etagExpected, type RowExpectation, type RowKey } from "../../../src/provider-kit/rows.ts";
import { conflictError, notFound } from "../../../src/provider-kit/row-stores/items.ts";
import type {
  StoredBlob,
  BlobBody,
  BlobProperties,
  KeyValueStore,
  WriteBlobOptions,
} from "../../../src/contract/stores.ts";
import { packMetadata, unpackMetadata } from "./blob-metadata.ts";
import { statusOf, translated } from "../errors.ts";
import type { Once } from "./once.ts";
import { encodeKey, shortKey } from "./table-key.ts";

/** The name of a blob has 1,024 characters at the most. */
const maxName = 1_000;
const keptOfLong = 900;
const pageSize = 1_000;
/** Blocks of a body that is streamed, and how many are sent at a time. */
const blockBytes = 4 * 1024 * 1024;
const blocksAtATime = 2;

/** Blobs of one store: those of the container whose names begin with the store's. */
export class BlobKeyValueStore implements KeyValueStore {
  readonly #container: ContainerClient;
  readonly #made: Once;
  readonly #name: string;

  constructor(container: ContainerClient, made: Once, name: string) {
    this.#container = container;
    this.#made = made;
    this.#name = name;
  }

  async get(key: string): Promise<StoredBlob> {
    const { body, ...properties } = await this.read(key);
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    return { ...properties, body: new Uint8Array(Buffer.concat(parts)) };
  }

  find(key: string): Promise<StoredBlob | undefined> {
    return ifFound(this.get(key));
  }

  async read(key: string): Promise<BlobProperties & { readonly body: AsyncIterable<Uint8Array> }> {
    const response = await this.#ask(key, "present", (blob) => blob.download());
    return {
      ...propertiesOf(key, response),
      body: response.readableStreamBody as AsyncIterable<Uint8Array>,
    };
  }

  async properties(key: string): Promise<BlobProperties> {
    return propertiesOf(key, await this.#ask(key, "present", (blob) => blob.getProperties()));
  }

  insert(key: string, body: BlobBody, options: Pick<WriteBlobOptions, "metadata"> = {}): Promise<BlobProperties> {
    return this.#write(key, body, options.metadata, "absent");
  }

  async upsert(key: string, body: BlobBody, options: WriteBlobOptions = {}): Promise<BlobProperties> {
    return this.#write(key, body, options.metadata, etagExpected(options.etag, "any"));
  }

  async delete(key: string, options: { readonly etag?: string | undefined } = {}): Promise<void> {
    const expect = etagExpected(options.etag, "present");
    await this.#ask(key, expect, (blob) => blob.delete({ conditions: conditionsOf(expect) }));
  }

  async exists(key: string): Promise<boolean> {
    return this.#ask(key, "any", (blob) => blob.exists());
  }

  async *list(prefix = ""): AsyncGenerator<BlobProperties, void, undefined> {
    const begin = prefix === "" ? "" : encodeKey(checkedKey("a prefix", prefix)).slice(0, keptOfLong);
    const pages = this.#container
      .listBlobsFlat({ prefix: `${this.#folder}${begin}`, includeMetadata: true })
      .byPage({ maxPageSize: pageSize });
    try {
      for await (const { segment } of pages) {
        for (const { properties, metadata } of segment.blobItems) {
          const { key, own } = unpackMetadata(metadata);
          if (key.startsWith(prefix)) yield { ...propertiesOf(key, properties), metadata: own };
        }
      }
    } catch (error) {
      // Before the first write there is no container.
      if (statusOf(error) !== 404) throw translated(error, `list the blobs of ${this.#name}`);
    }
  }

  async #write(
    key: string,
    body: BlobBody,
    metadata: Readonly<Record<string, string>> | undefined,
    expect: RowExpectation,
  ): Promise<BlobProperties> {
    const write = randomUUID();
    const own = checkedMetadata(key, metadata);
    const packed = packMetadata({ key: checkedKey("a key", key), own, write });
    const bytes = blobBytes(body);
    await this.#made.done();
    const options = { metadata: packed, conditions: conditionsOf(expect) };
    let size = 0;
    const response = await this.#ask(key, expect, async (blob) => {
      try {
        if (bytes instanceof Uint8Array) {
          size = bytes.byteLength;
          return await blob.upload(bytes, size, options);
        }
        const counted = countBytes(bytes, (count) => (size += count));
        const stream = Readable.from(counted, { objectMode: false });
        return await blob.uploadStream(stream, blockBytes, blocksAtATime, options);
      } catch (error) {
        if (![409, 412].includes(statusOf(error) ?? 0)) throw error;
        // Refused for what is there: our own write, perhaps, whose answer was lost and which the SDK repeated.
        const found = await blob.getProperties();
        if (unpackMetadata(found.metadata).write !== write) throw error;
        return found;
      }
    });
    return { ...propertiesOf(key, response), metadata: own, size };
  }

  /** Asks the service about the blob of a key; what it refuses becomes the error of the store. */
  async #ask<T>(key: string, expect: RowExpectation, work: (blob: BlockBlobClient) => Promise<T>): Promise<T> {
    const at: RowKey = { table: `blob/${this.#name}`, partition: "", id: checkedKey("a key", key) };
    try {
      return await work(
        this.#container.getBlockBlobClient(
          `${this.#folder}${shortKey(key, maxName - this.#folder.length, keptOfLong)}`,
        ),
      );
    } catch (error) {
      switch (statusOf(error)) {
        case 404:
          throw typeof expect === "object" ? conflictError(at, expect, undefined) : notFound(at);
        case 409:
        case 412:
          throw conflictError(at, expect === "any" ? { etag: "" } : expect, "");
        case undefined:
          // Not of the service: the source of the body failed, or the network.
          throw isNetworkError(error) ? translated(error, `reach the blob "${key}" of ${this.#name}`) : error;
        default:
          throw translated(error, `reach the blob "${key}" of ${this.#name}`);
      }
    }
  }

  get #folder(): string {
    return `${this.#name}/`;
  }
}

function conditionsOf(expect: RowExpectation): { ifMatch?: string; ifNoneMatch?: string } {
  if (expect === "absent") return { ifNoneMatch: "*" };
  return typeof expect === "object" ? { ifMatch: `"${expect.etag}"` } : {};
}

/** Lists tell etags without quotes, everything else with them. */
function propertiesOf(
  key: string,
  told: {
    readonly etag?: string;
    readonly lastModified?: Date;
    readonly contentLength?: number;
    readonly metadata?: Record<string, string>;
  },
): BlobProperties {
  return {
    key,
    etag: (told.etag ?? "").replaceAll('"', ""),
    lastModified: told.lastModified ?? new Date(0),
    metadata: unpackMetadata(told.metadata).own,
    size: told.contentLength ?? 0,
  };
}

async function* countBytes(
  body: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const part of body) {
    count(part.byteLength);
    yield Buffer.from(part);
  }
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && (error.name === "RestError" || "code" in error);
}
