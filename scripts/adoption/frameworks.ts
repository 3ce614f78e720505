import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "./run.ts";

/** The folder of the samples, with packages of its own. */
export const samples: string = join(root, "samples/frameworks");
const limitMs = 60_000;

/**
 * Runs a sample: an order is accepted, paid by an actor, and found; a wrong one is refused; SIGTERM ends it well.
 *
 * @throws Error with the output of the sample.
 */
export async function servesShop(sample: string): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", join(samples, `${sample}.ts`)], {
    // tsx compiles as the tsconfig.json of its folder says.
    cwd: samples,
    env: { ...process.env, PORT: "0", BEEHIVE_PROVIDER: "memory:" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => output.push(part));
  const ended = once(child, "exit") as Promise<[code: number | null]>;
  const shown = (): string => output.join("");
  try {
    await until(() => shown().includes("listening on") || child.exitCode !== null);
    const port = /listening on (\d+)/.exec(shown())?.[1];
    if (port === undefined) throw new Error(`it does not listen\n${shown()}`);
    await useShop(`http://localhost:${port}`);
    await useIngestion(`http://localhost:${port}/api`);
    await useDashboard(`http://localhost:${port}/ops`);
    child.kill("SIGTERM");
    const [code] = await ended;
    if (code !== 0 && child.signalCode !== "SIGTERM") throw new Error(`it ended with ${code}\n${shown()}`);
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}

async function useShop(url: string): Promise<void> {
  const post = async (given: object | string): Promise<number> => {
    const body = typeof given === "string" ? given : JSON.stringify(given);
    const headers = { "content-type": "application/json", connection: "close" };
    return (await fetch(`${url}/orders`, { method: "POST", headers, body })).status;
  };
  const get = (path: string): Promise<Response> => fetch(`${url}${path}`, { headers: { connection: "close" } });
  expect("an order is accepted", await post({ orderId: "1042" }), 202);
  expect("a wrong order is refused", await post({ order: 1 }), 400);
  expect("a text that is no JSON is refused", await post("no JSON"), 400);
  await until(async () => (await get("/orders/1042")).status === 200);
  expect("the order is paid", JSON.stringify(await (await get("/orders/1042")).json()).includes('"paid"'), true);
  expect("an unknown order is not found", (await get("/orders/1")).status, 404);
  expect("it is healthy", (await get("/health")).status, 200);
}

/** Sends orders to the ingestion of a sample, one of them signed: a framework must not touch its bytes. */
async function useIngestion(url: string): Promise<void> {
  const post = async (name: string, body: string, headers: Record<string, string> = {}): Promise<number> => {
    const given = {
      authorization: "Bearer secret",
      "content-type": "application/json",
      connection: "close",
      ...headers,
    };
    return (await fetch(`${url}/ingest/${name}`, { method: "POST", headers: given, body })).status;
  };
  expect("a stranger sends no order", await post("orders", '{"orderId":"1"}', { authorization: "" }), 401);
  expect("an order is ingested", await post("orders", '{"orderId":"1"}'), 200);
  expect("a wrong order is not", await post("orders", '{"order":1}'), 422);
  const signed = '{ "orderId":\n"of a partner" }';
  const signature = createHmac("sha256", "a secret of the partner").update(signed).digest("hex");
  expect(
    "a signed order is ingested",
    await post("partner", signed, { "x-hub-signature-256": `sha256=${signature}` }),
    200,
  );
  expect("a forged one is not", await post("partner", signed, { "x-hub-signature-256": "sha256=00" }), 401);
}

/** Opens the dashboard of a sample, and sends an event by it. */
async function useDashboard(url: string): Promise<void> {
  const own = { connection: "close", authorization: "Bearer secret" };
  expect("a stranger sees no dashboard", (await fetch(url, { headers: { connection: "close" } })).status, 403);
  const page = await (await fetch(url, { headers: own })).text();
  const [, script = ""] = /src="([^"]+)"/.exec(page) ?? [];
  expect("the dashboard has its script", (await fetch(new URL(script, url), { headers: own })).status, 200);
  const acting = {
    ...own,
    "content-type": "application/json",
    "x-beehive-dashboard": "1",
    "sec-fetch-site": "same-origin",
  };
  const body = JSON.stringify({ type: "OrderAccepted", body: '{"orderId":"by-hand"}' });
  expect("it sends an event", (await fetch(`${url}/-/do/send`, { method: "POST", headers: acting, body })).status, 200);
  await until(async () => (await fetch(new URL("/orders/by-hand", url), { headers: own })).status === 200);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("it took too long");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: expected ${String(expected)}, and got ${String(actual)}`);
}
