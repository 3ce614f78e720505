import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { AwsClients, AwsConfig } from "./config.ts";
import { translate } from "./errors.ts";

/** Every queue holds a connection while it polls: the SDK's default of 50 would let polls hold back everything else. */
const maxSockets = 1_000;

/** Clients as the configuration asks for; the SDK finds credentials and region by its usual chain. */
export function makeClients({ region, endpoint }: AwsConfig): AwsClients {
  const shared = {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: { httpAgent: { maxSockets }, httpsAgent: { maxSockets } },
  };
  return {
    sqs: new SQSClient(shared),
    sns: new SNSClient(shared),
    dynamodb: new DynamoDBClient(shared),
    // A bucket in the host name would need a name server that knows it.
    s3: new S3Client({ ...shared, forcePathStyle: endpoint !== undefined }),
  };
}

export function destroyClients({ sqs, sns, dynamodb, s3 }: AwsClients): void {
  for (const client of [sqs, sns, dynamodb, s3]) client.destroy();
}

/** Answers what the request answers; its failure says which action failed on what. */
export async function ask<T>(action: string, resource: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw translate(error, { action, resource });
  }
}
