import * as assert from "uvu/assert";
import { awsScene } from "../../support/aws-hive.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: storage");

const refusal = (code: string): { readonly status: number; readonly body: string } => ({
  status: 409,
  body: `<Error><Code>${code}</Code><Message>no</Message></Error>`,
});

test("a set-up waits while another process creates the bucket", async () => {
  const scene = await awsScene({ bucket: "data" });
  let tries = 0;
  scene.servers.interfere = ({ action, path }) =>
    action === "s3:PUT" && !path.includes("lifecycle") && tries++ === 0 ? refusal("OperationAborted") : undefined;
  await scene.provider.setup();
  assert.is(tries, 2);
  await scene.provider.stores.keyValue("Bills").upsert("a", "1");
  await scene.close();
});

test("several processes set up one bucket", async () => {
  const scene = await awsScene({ bucket: "data" });
  await Promise.all(Array.from({ length: 5 }, () => scene.another().setup()));
  await scene.close();
});

test("a bucket of another account is named in the error", async () => {
  const scene = await awsScene({ bucket: "data" });
  scene.servers.interfere = ({ action }) => (action === "s3:PUT" ? refusal("BucketAlreadyExists") : undefined);
  const failure = await failureOf(scene.provider.setup());
  assert.match(failure.message, /s3:CreateBucket on data failed: BucketAlreadyExists/);
  await scene.close();
});

test.run();
