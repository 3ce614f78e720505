import { DeleteObjectCommand, GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { Clock } from "../../../src/base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import { checkedKey, checkedName, ifFound } from "../../../src/contract/keys.ts";
import type {
  StoredBlob,
  BlobBody,
  BlobProperties,
  KeyValueStore,
  WriteBlobOptions,
} from "../../../src/contract/stores.ts";
import { checkedMetadata } from "../../../src/provider-kit/blob-metadata.ts";
import { nextEtag } from "../../../src/provider-kit/row-stores/etag.ts";
import { conflictError, jsonIn, notFound } from "../../../src/provider-kit/row-stores/items.ts";
import {
  etagExpected,
  pages,
  type Row,
  type RowExpectation,
  type RowKey,
  type Rows,
} from "../../../src/provider-kit/rows.ts";
import { ask } from "../client.ts";
import { upload } from "./upload.ts";

const pageSize = 200;
/** Maximum reads of a blob that is replaced meanwhile. */
const maxLooks = 5;

/** The object that holds the bytes of a blob. */
interface Place {
  readonly object: string;
  readonly size: number;
}

/**
 * Blobs in S3, found through DynamoDB.
 *
 * Each write creates a new object that never changes. A row in the table names the object that is the blob now, with
 * its metadata and etag. So one condition in DynamoDB decides a write. S3 alone could not: equal bytes have equal
 * ETags, `If-Match` is missing in older compatible servers, metadata is ASCII only, and listings lack it.
 *
 * A process that dies between the two writes leaves an object that no row names; it costs its storage only.
 */
export class S3KeyValueStore implements KeyValueStore {
  readonly #s3: S3Client;
  readonly #bucket: string | undefined;
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #name: string;

  constructor(s3: S3Client, bucket: string | undefined, rows: Rows, clock: Clock, name: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
    this.#rows = rows;
    this.#clock = clock;
    this.#name = checkedName("the name of a store", name);
  }

  async get(key: string): Promise<StoredBlob> {
    const { body, ...properties } = await this.#open(key);
    return { ...properties, body: await body.transformToByteArray() };
  }

  find(key: string): Promise<StoredBlob | undefined> {
    return ifFound(this.get(key));
  }

  async read(key: string): Promise<BlobProperties & { readonly body: AsyncIterable<Uint8Array> }> {
    const { body, ...properties } = await this.#open(key);
    return { ...properties, body: body as unknown as AsyncIterable<Uint8Array> };
  }

  async #open(
    key: string,
  ): Promise<BlobProperties & { readonly body: { transformToByteArray(): Promise<Uint8Array> } }> {
    const at = this.#key(key);
    for (let looks = 1; ; looks++) {
      const row = await this.#row(at);
      const { object } = placeOf(row);
      try {
        const request = new GetObjectCommand({ Bucket: this.#inBucket(), Key: object });
        const { Body } = await ask("s3:GetObject", this.#resource(object), this.#s3.send(request));
        if (Body) return { ...propertiesOf(row), body: Body };
      } catch (error) {
        // The blob was replaced between the two reads: the row names another object by now.
        if (!isMissing(error) || looks === maxLooks) throw error;
      }
    }
  }

  async properties(key: string): Promise<BlobProperties> {
    return propertiesOf(await this.#row(this.#key(key)));
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
    const was = await this.#rows.get(at);
    const conflict = await this.#rows.write({ key: at, expect, content: undefined });
    if (conflict) throw conflictError(at, expect, conflict.found);
    if (was) await this.#discard(placeOf(was).object);
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#rows.head(this.#key(key))) !== undefined;
  }

  async *list(prefix = ""): AsyncGenerator<BlobProperties, void, undefined> {
    const from = prefix === "" ? undefined : checkedKey("a prefix", prefix);
    const range = { table: this.#table, partition: "", from, limit: pageSize };
    for await (const row of pages((one) => this.#rows.page(one), range)) {
      if (!row.id.startsWith(prefix)) return;
      yield propertiesOf(row);
    }
  }

  async #write(
    key: string,
    body: BlobBody,
    metadata: Readonly<Record<string, string>> | undefined,
    expect: RowExpectation,
  ): Promise<BlobProperties> {
    const at = this.#key(key);
    const checked = JSON.stringify(checkedMetadata(key, metadata));
    const etag = nextEtag();
    const object = `${this.#name}/${readable(key)}/${etag}`;
    const was = await this.#rows.get(at);
    const size = await upload(this.#s3, { bucket: this.#inBucket(), key: object }, body);
    const row = {
      ...at,
      value: JSON.stringify({ object, size } satisfies Place),
      etag,
      modified: this.#clock.now(),
      metadata: checked,
    };
    const conflict = await this.#put(row, expect, object);
    if (conflict) throw conflictError(at, expect, conflict.found);
    if (was) await this.#discard(placeOf(was).object);
    return propertiesOf(row);
  }

  async #put(
    { table, partition, id, ...content }: Row,
    expect: RowExpectation,
    object: string,
  ): ReturnType<Rows["write"]> {
    const conflict = await this.#rows.write({ key: { table, partition, id }, expect, content });
    if (conflict) await this.#discard(object);
    return conflict;
  }

  /** Deletes an object that is no longer a blob. A failure is ignored: no row names the object. */
  async #discard(object: string): Promise<void> {
    await this.#s3.send(new DeleteObjectCommand({ Bucket: this.#inBucket(), Key: object })).catch(() => {});
  }

  async #row(at: RowKey): Promise<Row> {
    const row = await this.#rows.get(at);
    if (!row) throw notFound(at);
    return row;
  }

  get #table(): string {
    return `blob/${this.#name}`;
  }

  #key(key: string): RowKey {
    return { table: this.#table, partition: "", id: checkedKey("a key", key) };
  }

  #inBucket(): string {
    if (this.#bucket !== undefined) return this.#bucket;
    throw new BeeHiveError(
      "InvalidConfiguration",
      `The key-value store ${this.#name} needs a bucket: open the provider with aws:?bucket=NAME.`,
    );
  }

  #resource(object: string): string {
    return `${this.#bucket}/${object}`;
  }
}

/** Returns a readable part of an object name for the console of S3. The etag behind it makes the name unique. */
function readable(key: string): string {
  return key.replace(/[^A-Za-z0-9-]+/g, "_").slice(0, 100);
}

function isMissing(error: unknown): boolean {
  return isBeeHiveError(error) && error.cause instanceof Error && error.cause.name === "NoSuchKey";
}

function placeOf(row: Row): Place {
  return jsonIn<Place>(row);
}

function propertiesOf(row: Row): BlobProperties {
  return {
    key: row.id,
    etag: row.etag,
    lastModified: new Date(row.modified),
    metadata: JSON.parse(row.metadata ?? "{}") as Record<string, string>,
    size: placeOf(row).size,
  };
}
