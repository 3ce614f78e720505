import { copyOf } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { checkedKey, ifFound } from "../../contract/keys.ts";
import type { StoredBlob, BlobBody, BlobProperties, KeyValueStore, WriteBlobOptions } from "../../contract/stores.ts";
import { blobBytes } from "../blob-body.ts";
import { checkedMetadata } from "../blob-metadata.ts";
import { etagExpected, headOf, pages, type RowExpectation, type RowHead, type RowKey, type Rows } from "../rows.ts";
import { nextEtag } from "./etag.ts";
import { conflictError, notFound } from "./items.ts";

const pageSize = 200;

/** Blobs: a row for each, with its metadata. Holds a blob in memory while it is written or read. */
export class RowKeyValueStore implements KeyValueStore {
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #table: string;

  constructor(rows: Rows, clock: Clock, table: string) {
    this.#rows = rows;
    this.#clock = clock;
    this.#table = table;
  }

  async get(key: string): Promise<StoredBlob> {
    const at = this.#key(key);
    const row = await this.#rows.get(at);
    if (!row) throw notFound(at);
    return {
      ...propertiesOf(headOf(row)),
      body: typeof row.value === "string" ? Buffer.from(row.value) : copyOf(row.value),
    };
  }

  find(key: string): Promise<StoredBlob | undefined> {
    return ifFound(this.get(key));
  }

  async read(key: string): Promise<BlobProperties & { readonly body: AsyncIterable<Uint8Array> }> {
    const { body, ...properties } = await this.get(key);
    return {
      ...properties,
      body: (async function* () {
        yield body;
      })(),
    };
  }

  async properties(key: string): Promise<BlobProperties> {
    const at = this.#key(key);
    const head = await this.#rows.head(at);
    if (!head) throw notFound(at);
    return propertiesOf(head);
  }

  async insert(key: string, body: BlobBody, options: Pick<WriteBlobOptions, "metadata"> = {}): Promise<BlobProperties> {
    return this.#write(key, body, options.metadata, "absent");
  }

  async upsert(key: string, body: BlobBody, options: WriteBlobOptions = {}): Promise<BlobProperties> {
    return this.#write(key, body, options.metadata, etagExpected(options.etag, "any"));
  }

  async delete(key: string, options: { readonly etag?: string | undefined } = {}): Promise<void> {
    const at = this.#key(key);
    const expect = etagExpected(options.etag, "present");
    const conflict = await this.#rows.write({ key: at, expect, content: undefined });
    if (conflict) throw conflictError(at, expect, conflict.found);
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#rows.head(this.#key(key))) !== undefined;
  }

  async *list(prefix = ""): AsyncGenerator<BlobProperties, void, undefined> {
    const from = prefix === "" ? undefined : checkedKey("a prefix", prefix);
    const range = { table: this.#table, partition: "", from, limit: pageSize };
    for await (const head of pages((one) => this.#rows.pageHeads(one), range)) {
      if (!head.id.startsWith(prefix)) return;
      yield propertiesOf(head);
    }
  }

  async #write(
    key: string,
    body: BlobBody,
    metadata: Readonly<Record<string, string>> | undefined,
    expect: RowExpectation,
  ): Promise<BlobProperties> {
    const at = this.#key(key);
    const content = {
      value: await bytesOf(body),
      etag: nextEtag(),
      modified: this.#clock.now(),
      metadata: JSON.stringify(checkedMetadata(key, metadata)),
    };
    const conflict = await this.#rows.write({ key: at, expect, content });
    if (conflict) throw conflictError(at, expect, conflict.found);
    return propertiesOf(headOf({ ...at, ...content }));
  }

  #key(key: string): RowKey {
    return { table: this.#table, partition: "", id: checkedKey("a key", key) };
  }
}

async function bytesOf(body: BlobBody): Promise<Uint8Array> {
  const bytes = blobBytes(body);
  if (bytes instanceof Uint8Array) return copyOf(bytes);
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

function propertiesOf(head: RowHead): BlobProperties {
  return {
    key: head.id,
    etag: head.etag,
    lastModified: new Date(head.modified),
    metadata: JSON.parse(head.metadata ?? "{}"),
    size: head.size,
  };
}
