/** Prismo started with two variables of the environment, for a namespace and an account. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import type { Report } from "../../../samples/prismo/app.ts";
import { startAzureServers, type AzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: Prismo on the command line", { timeoutMs: 180_000 });
const orderCount = 40;
let servers: AzureServers;
let folder: string;

test.before(async () => {
  servers = await startAzureServers({ cloud: false });
  folder = await mkdtemp(join(tmpdir(), "prismo-"));
});
test.after(async () => {
  await servers[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function prismo(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const command = ["--import", "tsx", "-C", "beehive-source", "samples/prismo/main.ts", ...args];
  const child = spawn(process.execPath, command, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      AZURE_SERVICEBUS_CONNECTION_STRING: (servers.broker as ServiceBusBroker).connectionString,
      AZURE_STORAGE_CONNECTION_STRING: (servers.options.storage as { connectionString: string }).connectionString,
    },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

test("Prismo on azure: keeps every invariant with failing steps", async () => {
  const data = new URL("../../../samples/prismo/data/orders.ndjson", import.meta.url);
  const orders = join(folder, "orders.ndjson");
  await writeFile(orders, (await readFile(data, "utf8")).split("\n").slice(0, orderCount).join("\n"));
  const ended = await prismo("--provider", "azure:", "--failure-rate", "0.1", "--orders", orders, "--json");
  assert.is(ended.code, 0, ended.stderr);
  // On a busy machine a settlement may be too late, which is logged; nothing else is.
  const told = ended.stderr.split("\n").filter((line) => /^[^\s}]/.test(line));
  const late = /^the (event could not be settled|lease was lost)/;
  assert.equal(
    told.filter((line) => !late.test(line)),
    [],
  );
  const report = JSON.parse(ended.stdout) as Report;
  assert.equal([report.orders, report.pending, report.deadLetters], [orderCount, 0, 0]);
  assert.is(report.shipped + report.cancelled, orderCount);
  assert.equal([report.duplicateEmails, report.negativeStock, report.stockBalanced], [0, 0, true]);
});

test.run();
