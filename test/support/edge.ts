/** An ingestion on a hive in memory, and requests to it. */
import { createHive, silentLogger, type Hive, type HiveOptions } from "beehive-actors";
import { ingestion, type IngestAnswer, type Ingestion, type IngestionOptions } from "beehive-actors/http";

export interface EdgeScene extends AsyncDisposable {
  readonly hive: Hive;
  readonly edge: Ingestion;
  /** Sends a request, by default of JSON to `/ingest`. */
  send(body: unknown, sent?: Sent): Promise<Reply>;
}

export interface Sent {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

export interface Reply extends IngestAnswer {
  readonly headers: Headers;
}

/** Opens the scene. @param options Those of the ingestion. */
export async function edgeScene(
  options: Omit<IngestionOptions, "authorize"> & Partial<IngestionOptions>,
  hiveOptions: HiveOptions = {},
): Promise<EdgeScene> {
  const hive = await createHive({
    logger: silentLogger,
    publishes: ["OrderAccepted-", "ReadingTaken-"],
    ...hiveOptions,
  });
  await hive.start();
  const edge = ingestion(hive, { authorize: () => ({ name: "ada" }), logger: silentLogger, ...options });
  return {
    hive,
    edge,
    send: (body, sent) => send(edge, body, sent),
    [Symbol.asyncDispose]: () => hive.stop(),
  };
}

export async function send(edge: Ingestion, body: unknown, sent: Sent = {}): Promise<Reply> {
  const { path = "/ingest", headers = {}, method = "POST" } = sent;
  const response = await edge.fetch(
    new Request(`http://localhost:8080${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(method === "POST" && { body: raw(body) as string }),
    }),
  );
  const answer = (await response.json()) as IngestAnswer;
  return { ...answer, status: response.status, headers: response.headers };
}

function raw(body: unknown): unknown {
  return typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
}
