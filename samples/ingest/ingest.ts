/** Devices and a payment service send to a hive over HTTP, some of it wrong. */
import { createHmac, randomUUID } from "node:crypto";
import { createHive, type Provider } from "beehive-actors";
import { bearer, ingestion, serve, type IngestAnswer } from "beehive-actors/http";
import { Limits, Newest, Paid, type Reading } from "./events.ts";
import { handlersFor } from "./handlers.ts";
import { actors, alarms, pager, reported } from "./hive.ts";

const secret = `whsec_${Buffer.from("a secret of the payment service").toString("base64")}`;
const token = "the-token-of-the-gateway";

export interface Plan {
  readonly provider: Provider;
  readonly devices: number;
  /** The port to listen on; 0 picks a free one. */
  readonly port: number;
  /** Ends the wait for requests from outside. @default There is none. */
  readonly until?: Promise<unknown> | undefined;
  readonly say: (text: string) => void;
}

export interface Report {
  readonly accepted: number;
  readonly newest: number;
  readonly alarms: number;
  /** The most alarms under way at a time: the pool grew to it. */
  readonly pool: number;
  readonly paid: number;
  /** The statuses of the wrong requests. */
  readonly refused: readonly number[];
  readonly reported: readonly { readonly handler: string; readonly path: string }[];
}

/** Serves the hive, sends to it as clients do, and reports. */
export async function runIngest({ provider, devices, port, until, say }: Plan): Promise<Report> {
  alarms.clear();
  reported.length = 0;
  pager.most = 0;
  await using hive = await createHive({ actors, provider });
  await hive.start();
  await hive.store(Limits).upsert({ id: "oven-0", celsius: 100 });
  const known = bearer({ gateway: token });
  const edge = ingestion(hive, {
    handlers: handlersFor(secret),
    // Webhooks have a signature, and no token.
    authorize: (request, from) =>
      new URL(request.url).pathname.endsWith("/payments") ? { name: "payments" } : known(request, from),
    rate: { limit: 1_000, per: "1s" },
  });
  await using server = await serve({ hive, port, apps: { "/": edge } });
  const base = `http://localhost:${server.port}`;
  say(`Listening on ${base}`);

  const gateway = async (body: string, headers: Record<string, string> = {}): Promise<IngestAnswer> => {
    const types = { "content-type": "application/x-ndjson", "x-sent-by": "gateway", authorization: `Bearer ${token}` };
    const response = await fetch(`${base}/ingest`, { method: "POST", body, headers: { ...types, ...headers } });
    return (await response.json()) as IngestAnswer;
  };
  const pay = async (order: string, cents: unknown, key = secret): Promise<IngestAnswer> => {
    const body = JSON.stringify({ order, cents });
    const headers = { "content-type": "application/json", ...signed(body, key) };
    const response = await fetch(`${base}/ingest/payments`, { method: "POST", body, headers });
    return (await response.json()) as IngestAnswer;
  };

  const batches = [readingsOf(devices, 20), readingsOf(devices, 70)];
  const key = { "idempotency-key": randomUUID() };
  // The gateway lost the answer, and sends again.
  const answers = [await gateway(linesOf(batches[0] ?? []), key), await gateway(linesOf(batches[0] ?? []), key)];
  answers.push(await gateway(linesOf(batches[1] ?? [])), await pay("order-1", 990));
  const accepted = new Set(
    answers.flatMap(({ handlers }) => Object.values(handlers)).flatMap(({ events = [] }) => events),
  );
  say(`${accepted.size} events of ${answers.length} requests`);

  const refused = [
    await gateway(linesOf([{ ...(batches[0]?.[0] as Reading), celsius: 999 }])),
    await gateway("no JSON"),
    await pay("order-2", 990, `whsec_${Buffer.from("a guess").toString("base64").padEnd(24, "A")}`),
    await pay("order-3", "much"),
    await gateway("", { authorization: "Bearer wrong" }),
  ].map(({ status }) => status);
  say(`Refused with ${refused.join(", ")}`);

  await hive.whenIdle();
  await until;
  const report = {
    accepted: accepted.size,
    newest: await countOf(hive.store(Newest).all()),
    alarms: alarms.size,
    pool: pager.most,
    paid: await countOf(hive.store(Paid).all()),
    refused,
    reported: [...reported],
  };
  return report;
}

/** Returns what is wrong with a report, in words. */
export function problemsOf({ accepted, newest, alarms: hot, paid, refused }: Report, devices: number): string[] {
  const problems: string[] = [];
  // Each reading above its limit is an event more; the oven has a limit of its own.
  const events = 2 * devices + (devices - 1) + 1;
  if (accepted !== events) problems.push(`${accepted} events were accepted, not ${events}.`);
  if (newest !== devices) problems.push(`${newest} devices have a newest reading, not ${devices}.`);
  if (hot !== devices - 1) problems.push(`${hot} devices raised an alarm, not ${devices - 1}.`);
  if (paid !== 1) problems.push(`${paid} orders are paid, not 1.`);
  if (refused.join() !== "422,400,401,422,401") problems.push(`The wrong requests got ${refused.join()}.`);
  return problems;
}

function readingsOf(devices: number, celsius: number): Reading[] {
  const at = new Date(Date.UTC(2026, 0, 1, 0, celsius)).toISOString();
  return Array.from({ length: devices }, (_, index) => ({ device: `oven-${index}`, celsius, at }));
}

function linesOf(readings: readonly Reading[]): string {
  return readings.map((reading) => `${JSON.stringify(reading)}\n`).join("");
}

function signed(body: string, key: string): Record<string, string> {
  const [id, seconds] = [randomUUID(), Math.floor(Date.now() / 1_000)];
  const hmac = createHmac("sha256", Buffer.from(key.slice("whsec_".length), "base64"));
  const signature = hmac.update(`${id}.${seconds}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": `v1,${signature}` };
}

async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}
