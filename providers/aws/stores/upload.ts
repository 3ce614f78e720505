import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { BlobBody } from "../../../src/contract/stores.ts";
import { blobBytes } from "../../../src/provider-kit/blob-body.ts";
import { ask } from "../client.ts";

/** Limit of S3: minimum bytes of a part, except for the last. A stream is buffered up to a part. */
const minPartSize = 5 * 1024 * 1024;

/**
 * Returns the size of a part by its number, from 1. S3 takes 10,000 parts, so the size doubles every thousand parts.
 */
export function partSize(number: number): number {
  return minPartSize * 2 ** Math.floor((number - 1) / 1_000);
}

interface Target {
  readonly bucket: string;
  readonly key: string;
}

/** Writes an object, in parts when it is large; all of it or nothing. Returns its size in bytes. */
export async function upload(s3: S3Client, target: Target, body: BlobBody): Promise<number> {
  const bytes = blobBytes(body);
  if (bytes instanceof Uint8Array) return await put(s3, target, bytes);
  const parts = partsOf(bytes);
  const first = await parts.next();
  if (first.done) return await put(s3, target, new Uint8Array());
  const second = await parts.next();
  if (second.done) return await put(s3, target, first.value);
  return await putParts(s3, target, [first.value, second.value], parts);
}

async function put(s3: S3Client, { bucket, key }: Target, body: Uint8Array): Promise<number> {
  const request = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body });
  await ask("s3:PutObject", `${bucket}/${key}`, s3.send(request));
  return body.byteLength;
}

async function putParts(
  s3: S3Client,
  { bucket: Bucket, key: Key }: Target,
  ready: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): Promise<number> {
  const resource = `${Bucket}/${Key}`;
  const begun = await ask("s3:PutObject", resource, s3.send(new CreateMultipartUploadCommand({ Bucket, Key })));
  const part = { Bucket, Key, UploadId: begun.UploadId };
  const done: CompletedPart[] = [];
  let size = 0;
  const send = async (body: Uint8Array): Promise<void> => {
    const PartNumber = done.length + 1;
    const { ETag } = await ask(
      "s3:PutObject",
      resource,
      s3.send(new UploadPartCommand({ ...part, PartNumber, Body: body })),
    );
    done.push({ PartNumber, ETag });
    size += body.byteLength;
  };
  try {
    for (const body of ready) await send(body);
    for await (const body of rest) await send(body);
    const request = new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: done } });
    await ask("s3:PutObject", resource, s3.send(request));
    return size;
  } catch (error) {
    // Throws the first failure; the bucket expires parts that stay.
    await s3.send(new AbortMultipartUploadCommand(part)).catch(() => {});
    throw error;
  }
}

/** Yields the bytes in parts. */
async function* partsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size < partSize(number)) continue;
    number++;
    yield Buffer.concat(chunks);
    chunks = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(chunks);
}
