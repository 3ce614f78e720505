import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { AwsClients, AwsConfig } from "./config.ts";
import { translate } from "./errors.ts";

/** Every queue holds a connection while it polls: the SDK's default of 50 would let polls hold back everything else. */
const maxSockets = 1_000;

/**
 * Clients as the configuration asks for; the SDK finds credentials and region by its usual chain, and sets no time
 * limit of its own: without one, a connection that goes silent is waited for for ever.
 */
export function makeClients({ region, endpoint, requestTimeoutMs, waitSeconds }: AwsConfig): AwsClients {
  const shared = { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) };
  const network = {
    httpAgent: { maxSockets },
    httpsAgent: { maxSockets },
    connectionTimeout: requestTimeoutMs,
  };
  const requestHandler = {
    ...network,
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true,
    // An answer that stops half-way; no receive is silent for as long as this.
    socketTimeout: receiveLimitMs(waitSeconds, requestTimeoutMs),
  };
  return {
    sqs: new SQSClient({ ...shared, requestHandler }),
    sns: new SNSClient({ ...shared, requestHandler }),
    dynamodb: new DynamoDBClient({ ...shared, requestHandler }),
    s3: new S3Client({
      ...shared,
      // What is large takes its time: the limit is for silence alone.
      requestHandler: { ...network, socketTimeout: requestTimeoutMs },
      // A bucket in the host name would need a name server that knows it.
      forcePathStyle: endpoint !== undefined,
    }),
  };
}

/** How long a receive that waits for `waitSeconds` may take, with all that the SDK repeats of it, in ms. */
function receiveLimitMs(waitSeconds: number, requestTimeoutMs: number): number {
  return waitSeconds * 1_000 + requestTimeoutMs;
}

/** The options of a receive, for ready-made clients too: its limit is its own, because it waits. */
export function receiveLimit(
  waitSeconds: number,
  requestTimeoutMs: number,
): { readonly requestTimeout: 0; readonly abortSignal: AbortSignal } {
  return { requestTimeout: 0, abortSignal: AbortSignal.timeout(receiveLimitMs(waitSeconds, requestTimeoutMs)) };
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
