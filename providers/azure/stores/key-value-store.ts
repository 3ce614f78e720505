import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { checkedKey, ifFound } from "../../../src/contract/keys.ts";
import type {
  StoredBlob,
  BlobBody,
  BlobProperties,
  KeyValueStore,
  WriteBlobOptions,
} from "../../../src/contract/stores.ts";
import { blobBytes } from "../../../src/provider-kit/blob-body.ts";
import { checkedMetadata } from "../../../src/provider-kit/blob-metadata.ts";
import { conflictError, notFound } from "../../../src/provider-kit/row-stores/items.ts";
import { etagExpected, type RowExpectation, type RowKey } from "../../../src/provider-kit/rows.ts";
import { statusOf, translate } from "../errors.ts";
import type { Once } from "./once.ts";
import { encodeKey, shortKey } from "./table-key.ts";

/** The limit of the service is 1,024 characters. */
const maxName = 1_000;
const keptLength = 900;
const pageSize = 1_000;
/** The size of the blocks of a streamed body, and how many are sent at a time. */
const blockBytes = 4 * 1024 * 1024;
const blocksAtATime = 2;

/** The blobs of one store. Their names begin with the name of the store. */
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
    const begin = prefix === "" ? "" : encodeKey(checkedKey("a prefix", prefix)).slice(0, keptLength);
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
      // The container is created by the first write.
      if (statusOf(error) !== 404) throw translate(error, `list the blobs of ${this.#name}`);
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
        // The blob may be this write itself: its answer was lost, and the SDK repeated it.
        const found = await blob.getProperties();
        if (unpackMetadata(found.metadata).write !== write) throw error;
        return found;
      }
    });
    return { ...propertiesOf(key, response), metadata: own, size };
  }

  /** Runs a request on the blob of a key, and translates errors into those of the contract. */
  async #ask<T>(key: string, expect: RowExpectation, work: (blob: BlockBlobClient) => Promise<T>): Promise<T> {
    const at: RowKey = { table: `blob/${this.#name}`, partition: "", id: checkedKey("a key", key) };
    try {
      return await work(
        this.#container.getBlockBlobClient(
          `${this.#folder}${shortKey(key, maxName - this.#folder.length, keptLength)}`,
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
          // Not an answer of the service: the source of the body failed, or the network.
          throw isNetworkError(error) ? translate(error, `reach the blob "${key}" of ${this.#name}`) : error;
        default:
          throw translate(error, `reach the blob "${key}" of ${this.#name}`);
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

/** Returns the properties of a blob. Etags come without quotes from lists, and with quotes from all other requests. */
function propertiesOf(
  key: string,
  found: {
    readonly etag?: string;
    readonly lastModified?: Date;
    readonly contentLength?: number;
    readonly metadata?: Record<string, string>;
  },
): BlobProperties {
  return {
    key,
    etag: (found.etag ?? "").replaceAll('"', ""),
    lastModified: found.lastModified ?? new Date(0),
    metadata: unpackMetadata(found.metadata).own,
    size: found.contentLength ?? 0,
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

const metadataName = "beehive";

/**
 * Metadata as the service takes them, with what it has no room for.
 *
 * The service takes metadata as HTTP headers: names are C# identifiers without case, values are ASCII. So all of it
 * goes into one value.
 */
interface Packed {
  /** The key as it was given. The name of the blob may hold only a part of it. */
  readonly key: string;
  readonly own: Readonly<Record<string, string>>;
  /** Tells this write from all others. */
  readonly write?: string | undefined;
}

function packMetadata(packed: Packed): Record<string, string> {
  return { [metadataName]: Buffer.from(JSON.stringify(packed)).toString("base64url") };
}

/** Returns what was packed; of a blob that others wrote, the metadata as they are. */
function unpackMetadata(metadata: Readonly<Record<string, string>> = {}): Packed {
  const packed = metadata[metadataName];
  if (packed === undefined) return { key: "", own: metadata };
  return JSON.parse(Buffer.from(packed, "base64url").toString()) as Packed;
}
