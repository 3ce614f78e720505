import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { AwsClients, AwsSettings } from "./config.ts";
import { translate } from "./errors.ts";

/** Every polled queue holds a connection. With the SDK's default of 50, polls would block all other requests. */
const maxSockets = 1_000;

/**
 * Makes the clients of a configuration. The SDK finds credentials and region by its usual chain.
 *
 * The SDK sets no time limits of its own; without the limits here a silent connection would be waited for forever.
 */
export function makeClients({ region, endpoint, requestTimeout, wait }: AwsSettings): AwsClients {
  const shared = { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) };
  const network = { httpAgent: { maxSockets }, httpsAgent: { maxSockets } };
  const requestHandler = {
    ...network,
    // Limits the connection too: a limit of its own would be a second timer for each request.
    requestTimeout,
    throwOnRequestTimeout: true,
    // Ends a response that stops half-way. No receive is silent for as long as this.
    socketTimeout: receiveLimitMs(secondsOf(wait), requestTimeout),
  };
  return {
    // The MD5 of each message tells nothing that TLS does not.
    sqs: new SQSClient({ ...shared, requestHandler, md5: false }),
    sns: new SNSClient({ ...shared, requestHandler }),
    dynamodb: new DynamoDBClient({ ...shared, requestHandler }),
    s3: new S3Client({
      ...shared,
      // Large transfers may be slow, so only the time without traffic is limited.
      requestHandler: { ...network, connectionTimeout: requestTimeout, socketTimeout: requestTimeout },
      // A bucket in the host name would need a name server that knows it.
      forcePathStyle: endpoint !== undefined,
    }),
  };
}

/** Returns whole seconds, rounded up: SQS takes no fractions. */
export function secondsOf(ms: number): number {
  return Math.ceil(ms / 1_000);
}

/** Returns the time limit of a receive in ms, with all tries of the SDK. */
function receiveLimitMs(waitSeconds: number, requestTimeoutMs: number): number {
  return waitSeconds * 1_000 + requestTimeoutMs;
}

/** Returns the request options of a receive. Its limit replaces the client's, because a receive waits. */
export function receiveLimit(
  waitSeconds: number,
  requestTimeoutMs: number,
): { readonly requestTimeout: 0; readonly abortSignal: AbortSignal } {
  return { requestTimeout: 0, abortSignal: AbortSignal.timeout(receiveLimitMs(waitSeconds, requestTimeoutMs)) };
}

export function destroyClients({ sqs, sns, dynamodb, s3 }: AwsClients): void {
  for (const client of [sqs, sns, dynamodb, s3]) client.destroy();
}

/** Returns the response of a request. A failure names the action and the resource. */
export async function ask<T>(action: string, resource: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw translate(error, { action, resource });
  }
}
