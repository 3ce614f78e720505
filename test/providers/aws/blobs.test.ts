/** Blobs in S3: the rows and objects that writes leave behind, and failures between the two. */
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import * as assert from "uvu/assert";
import type { KeyValueStore } from "../../../src/index.ts";
import { awsScene, type AwsScene } from "../../support/aws-hive.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: blobs", { timeoutMs: 30_000 });
let scene: AwsScene;
let s3: S3Client;
let store: KeyValueStore;
test.before(async () => {
  scene = await awsScene({ bucket: "data" });
  await scene.provider.setup();
  s3 = new S3Client({ endpoint: scene.servers.endpoint, region: "us-east-1", forcePathStyle: true });
  store = scene.provider.stores.keyValue("Bills");
});
test.after(async () => {
  s3.destroy();
  await scene.close();
});
test.after.each(() => {
  scene.servers.interfere = () => undefined;
});

async function objects(): Promise<number> {
  return (await s3.send(new ListObjectsV2Command({ Bucket: "data" }))).Contents?.length ?? 0;
}

test("replaced, refused and deleted blobs leave no objects", async () => {
  await store.insert("a", "1");
  const { etag } = await store.upsert("a", "2");
  assert.is(await objects(), 1);
  assert.is((await failureOf(store.insert("a", "3"))).code, "AlreadyExists");
  assert.is((await failureOf(store.upsert("a", "3", { etag: "other" }))).code, "ConcurrencyConflict");
  assert.is(await objects(), 1);
  await store.delete("a", { etag });
  assert.is(await objects(), 0);
});

test("a blob whose object is gone fails after several reads", async () => {
  await store.upsert("gone", "1");
  let reads = 0;
  scene.servers.interfere = ({ action }) => {
    if (action !== "s3:GET") return undefined;
    reads++;
    return { status: 404, body: "<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>" };
  };
  assert.match((await failureOf(store.get("gone"))).message, /NoSuchKey/);
  assert.is(reads, 5);
});

test("a denied read is not repeated", async () => {
  await store.upsert("denied", "1");
  let reads = 0;
  scene.servers.interfere = ({ action }) => {
    if (action !== "s3:GET") return undefined;
    reads++;
    return { status: 403, body: "<Error><Code>AccessDenied</Code><Message>no</Message></Error>" };
  };
  assert.is((await failureOf(store.get("denied"))).code, "AccessDenied");
  assert.is(reads, 1);
});

test("a stream that breaks leaves the former blob", async () => {
  await store.upsert("stream", "before");
  const before = await objects();
  async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let part = 0; part < 3; part++) yield new Uint8Array(5 * 1024 * 1024);
    throw new Error("the source broke");
  }
  const failure: unknown = await store.upsert("stream", broken()).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.match(String(failure), /the source broke/);
  assert.is(await objects(), before);
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: "data" }));
  assert.equal(Uploads, []);
  assert.is(Buffer.from((await store.get("stream")).body).toString(), "before");
});

test.run();
