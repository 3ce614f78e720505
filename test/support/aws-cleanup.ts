/** Removes everything that the contracts created in a real account. */
import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { DeleteBucketCommand, DeleteObjectsCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { destroyClients, makeClients } from "../../providers/aws/client.ts";
import { completed } from "../../providers/aws/config.ts";
import type { AwsProvider } from "../../providers/aws/index.ts";
import { QueueName } from "../../src/index.ts";

export async function removeAll({ queues }: AwsProvider, prefix: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await queues.delete(QueueName.topic(name));
    await queues.delete(QueueName.queue(name));
  }
  const config = completed({ prefix, bucket: prefix });
  const clients = makeClients(config);
  await clients.dynamodb.send(new DeleteTableCommand({ TableName: config.table }));
  for await (const { Contents = [] } of paginateListObjectsV2({ client: clients.s3 }, { Bucket: prefix })) {
    const Objects = Contents.map(({ Key }) => ({ Key }));
    if (Objects.length > 0) await clients.s3.send(new DeleteObjectsCommand({ Bucket: prefix, Delete: { Objects } }));
  }
  await clients.s3.send(new DeleteBucketCommand({ Bucket: prefix }));
  destroyClients(clients);
}
