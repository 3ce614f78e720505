/**
 * SQS, SNS and S3 (fauxqs) and DynamoDB (dynalite) in this process, on the loopback, behind one address: a proxy that
 * counts requests, and can respond in place of the servers.
 */
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import { buildApp } from "fauxqs";
import { DynamoTransactions } from "./dynamo-transactions.ts";

/** A request, seen by the proxy. */
export interface AwsRequest {
  /** Service and action: `sqs:SendMessageBatch`, `s3:PUT`. */
  readonly action: string;
  /** Path with the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Response of the proxy in place of the server's: a whole one, or a change of it. */
export type Interference = (
  request: AwsRequest,
) =>
  | { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  | ((answer: string) => string)
  | undefined;

export interface AwsServers {
  readonly endpoint: string;
  /** Number of requests by action since the last reset. */
  readonly counts: Map<string, number>;
  interfere: Interference;
  /** Delays a request before the server sees it. */
  delay: (request: AwsRequest) => Promise<void> | undefined;
  close(): Promise<void>;
}

export async function startAwsServers(): Promise<AwsServers> {
  const fauxqs = buildApp({ logger: false });
  await fauxqs.listen({ host: "127.0.0.1", port: 0 });
  const dynamodb = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  await new Promise<void>((resolve) => void dynamodb.listen(0, "127.0.0.1", () => resolve()));
  const ports = { fauxqs: portOf(fauxqs.server), dynamodb: portOf(dynamodb) };

  const servers = {
    counts: new Map<string, number>(),
    interfere: (() => undefined) as Interference,
    delay: (() => undefined) as AwsServers["delay"],
    transactions: new DynamoTransactions(),
  };
  const proxy = createServer((incoming, outgoing) => {
    void forward(incoming, outgoing, ports, servers).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", () => resolve()));

  return Object.assign(servers, {
    endpoint: `http://127.0.0.1:${portOf(proxy)}`,
    async close() {
      proxy.closeAllConnections();
      await closed(proxy);
      await fauxqs.close();
      await closed(dynamodb);
    },
  });
}

async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  ports: { readonly fauxqs: number; readonly dynamodb: number },
  {
    counts,
    interfere,
    delay,
    transactions,
  }: Pick<AwsServers, "counts" | "interfere" | "delay"> & {
    readonly transactions: DynamoTransactions;
  },
): Promise<void> {
  const bytes = await bytesOf(incoming);
  const body = bytes.toString();
  const action = actionOf(incoming, body);
  counts.set(action, (counts.get(action) ?? 0) + 1);
  const seen = { action, path: incoming.url ?? "/", headers: incoming.headers, body };
  await delay(seen);
  const interference = interfere(seen);
  if (typeof interference === "object") {
    outgoing.writeHead(interference.status, { "content-type": "application/x-amz-json-1.0", ...interference.headers });
    outgoing.end(interference.body);
    return;
  }
  const port = action.startsWith("dynamodb:") ? ports.dynamodb : ports.fauxqs;
  const single = async (): Promise<readonly [IncomingMessage, Buffer]> => {
    const answer = await ask(port, incoming, bytes);
    return [answer, await bytesOf(answer)];
  };
  if (action === "dynamodb:TransactWriteItems") {
    const { status, body: text } = await transactions.transact(body, async (name, given) => {
      const sent = Buffer.from(JSON.stringify(given));
      const target = String(incoming.headers["x-amz-target"]).replace(/\.\w+$/, `.${name}`);
      const headers = { ...incoming.headers, "x-amz-target": target, "content-length": String(sent.byteLength) };
      const answer = await ask(port, { ...pick(incoming), headers }, sent);
      return { status: answer.statusCode ?? 500, body: (await bytesOf(answer)).toString() };
    });
    outgoing.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
    outgoing.end(interference ? interference(text) : text);
    return;
  }
  const writes = /^dynamodb:(Put|Delete|Update|BatchWrite)Item$/.test(action);
  const [answer, answered] = writes ? await transactions.beside(single) : await single();
  const changed = interference ? Buffer.from(interference(answered.toString())) : answered;
  // A changed response has another checksum and length.
  const { "x-amz-crc32": _, "content-length": length, "transfer-encoding": __, ...headers } = answer.headers;
  outgoing.writeHead(answer.statusCode ?? 500, {
    ...headers,
    "content-length": incoming.method === "HEAD" ? (length ?? 0) : changed.byteLength,
  });
  outgoing.end(changed);
}

type Asked = Pick<IncomingMessage, "method" | "url" | "headers">;

function pick({ method, url, headers }: IncomingMessage): Asked {
  return { method, url, headers };
}

function ask(port: number, { method, url, headers }: Asked, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, method, path: url, headers: { ...headers, connection: "close" }, agent: false },
      resolve,
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Returns service and action: from a header for SQS and DynamoDB, from the body for SNS, from the method for S3. */
function actionOf({ headers, method }: IncomingMessage, body: string): string {
  const [target, name] = String(headers["x-amz-target"] ?? "").split(".");
  if (name !== undefined) return `${target?.startsWith("DynamoDB") ? "dynamodb" : "sqs"}:${name}`;
  const action = /(?:^|&)Action=(\w+)/.exec(body)?.[1];
  return action !== undefined && headers["content-type"]?.includes("form") ? `sns:${action}` : `s3:${method}`;
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function portOf(server: Pick<Server, "address">): number {
  return (server.address() as AddressInfo).port;
}

function closed(server: Pick<Server, "close">): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
