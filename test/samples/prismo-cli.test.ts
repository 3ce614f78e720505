import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IngestAnswer } from "beehive-actors/http";
import * as assert from "uvu/assert";
import type { Report } from "../../samples/prismo/app.ts";
import { parseOptions } from "../../samples/prismo/options.ts";
import { startProcess } from "../support/cli.ts";
import { orderOf } from "../support/prismo.ts";
import { suite } from "../support/suite.ts";

const test = suite("Prismo on the command line", { timeoutMs: 60_000 });

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Run {
  /** Interrupts it after this output. */
  readonly interruptAt?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

function prismo(args: readonly string[], { interruptAt, environment }: Run = {}): Promise<Ended> {
  const command = ["--import", "tsx", "-C", "beehive-source", "samples/prismo/main.ts", ...args];
  const child = spawn(process.execPath, command, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    if (interruptAt !== undefined && chunk.includes(interruptAt)) child.kill("SIGINT");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

let folder = "";
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "prismo-"));
});
test.after(() => rm(folder, { recursive: true }));

test("with --json the last line says that the sample succeeded", async () => {
  const { code, stdout } = await prismo(["--json", "--failure-rate", "0.1"]);
  assert.is(code, 0);
  const { events, durationMs, eventsPerSecond, p50Ms, p99Ms, ...counts } = JSON.parse(
    stdout.trim().split("\n").at(-1) ?? "",
  );
  assert.equal(counts, {
    orders: 200,
    shipped: 171,
    cancelled: 29,
    pending: 0,
    emails: 171,
    duplicateEmails: 0,
    negativeStock: 0,
    stockBalanced: true,
    deadLetters: 0,
  });
  for (const measured of [events, durationMs, eventsPerSecond, p50Ms, p99Ms]) assert.ok(measured > 0);
});

test("a bad line is named and ends the run, unless it is skipped", async () => {
  const orders = join(folder, "orders.ndjson");
  const stock = join(folder, "stock.ndjson");
  await writeFile(orders, `${JSON.stringify(orderOf("1", { lamp: 1 }))}\n{"id":1}\n`);
  await writeFile(stock, JSON.stringify({ productId: "lamp", name: "Lamp", quantity: 1 }));

  const strict = await prismo(["--orders", orders, "--stock", stock]);
  assert.is(strict.code, 2);
  assert.is(strict.stdout, "");
  assert.ok(strict.stderr.startsWith(`${orders}:2: id: must be a text`), strict.stderr);

  const lenient = await prismo(["--orders", orders, "--stock", stock, "--skip-bad"]);
  assert.is(lenient.code, 0);
  assert.ok(lenient.stderr.includes(`${orders}:2: id: must be a text`));
  assert.ok(lenient.stderr.includes("Skipped: 1 bad line."), lenient.stderr);
  assert.ok(lenient.stdout.startsWith("1 order: "), lenient.stdout);
});

test("a missing file and an unknown provider are named", async () => {
  const [missing, unknown] = await Promise.all([
    prismo(["--orders", join(folder, "none.ndjson")]),
    prismo(["--provider", "pigeons:"]),
  ]);
  assert.equal([missing.code, unknown.code], [2, 2]);
  assert.ok(missing.stderr.includes("none.ndjson"));
  assert.ok(unknown.stderr.includes("pigeons"));
});

test("an interruption stops the sample in order, with its progress", async () => {
  const orders = join(folder, "many.ndjson");
  const many = Array.from(
    { length: 3_000 },
    (_, number) => `${JSON.stringify(orderOf(`${number}`, { "oak-lamp": 1 }))}\n`,
  );
  await writeFile(orders, [...many, "this is not an order"]);
  const { code, stdout, stderr } = await prismo(["--orders", orders, "--skip-bad", "--json"], {
    interruptAt: "Skipped:",
  });
  assert.is(code, 130);
  assert.ok(stderr.includes("Stopping"), stderr);
  const { shipped, deadLetters } = JSON.parse(stdout) as Report;
  assert.ok(shipped < 2_000 && deadLetters === 0, stdout);
});

test("the provider of the environment gives way to --provider", () => {
  const environment = { BEEHIVE_PROVIDER: "sqlite:prismo.db" };
  assert.is(parseOptions([], environment).provider, "sqlite:prismo.db");
  assert.is(parseOptions(["--provider", "memory:"], environment).provider, "memory:");
  assert.is(parseOptions([], {}).provider, "memory:");
  assert.is(parseOptions([], { BEEHIVE_PROVIDER: "" }).provider, "memory:");
});

test("an unknown provider in the environment is named", async () => {
  const { code, stderr } = await prismo([], { environment: { BEEHIVE_PROVIDER: "pigeons:" } });
  assert.is(code, 2);
  assert.ok(stderr.includes("pigeons"), stderr);
});

const wrongOptions: [string[], string][] = [
  [["--seed", "x"], "--seed must be a number"],
  [["--seed", "1.5"], "--seed must be a whole number"],
  [["--failure-rate", "1"], "--failure-rate must be from 0 to 0.8"],
  [["--failure-rate", ""], "--failure-rate must be a number"],
  [["--failure-rate=-0.1"], "--failure-rate must be from 0 to 0.8"],
  [["--parallelism", "0"], "--parallelism must be at least 1"],
  [["--parallelism", "2.5"], "--parallelism must be a whole number"],
  [["--lease", "999"], "--lease must be at least 1000"],
  [["--colour"], "--colour"],
];

for (const [args, why] of wrongOptions) {
  test(`${args.join(" ")} is refused`, () => {
    assert.throws(
      () => parseOptions(args),
      (error: Error) => error.message.includes(why),
    );
  });
}

test("with --serve the shop takes orders over HTTP until Ctrl-C", async () => {
  const command = ["--import", "tsx", "-C", "beehive-source", "samples/prismo/main.ts", "--serve", "0"];
  using running = startProcess(process.execPath, command, { cwd: process.cwd(), env: process.env });
  await running.says("Ctrl-C");
  const url = /http:\S+/.exec(running.said())?.[0] ?? "";
  const [line = ""] = (await readFile("samples/prismo/data/orders.ndjson", "utf8")).split("\n", 1);
  const post = async (body: string): Promise<IngestAnswer> => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}?ack=processed`, { method: "POST", headers, body });
    return (await response.json()) as IngestAnswer;
  };
  const { status, processed, handlers } = await post(line);
  assert.equal([status, processed], [200, "done"]);
  assert.equal(handlers["orders"]?.events, ["accepted-order-000001"]);
  const unknown = await post(line.replace(/"items":\{[^}]*\}/, '"items":{"moon":1}').replace("000001", "9"));
  assert.equal(unknown.handlers["orders"]?.problems, [{ path: "items", problem: "there is no product moon" }]);
  const wrong = await post(line.replace(/"totalPrice":[\d.]+/, '"totalPrice":-1'));
  assert.equal(
    wrong.handlers["orders"]?.problems?.map(({ path }) => path),
    ["totalPrice"],
  );
  running.signal("SIGINT");
  assert.is((await running.ended).code, 0);
});

test("with --dashboard the shop stays open and is shown until Ctrl-C", async () => {
  const command = ["--import", "tsx", "-C", "beehive-source", "samples/prismo/main.ts", "--dashboard", "--port", "0"];
  using running = startProcess(process.execPath, command, { cwd: process.cwd(), env: process.env });
  await running.says("The dashboard: http://");
  const url = /http:\S+/.exec(running.said())?.[0] ?? "";
  assert.match(await (await fetch(url)).text(), "<title>Prismo</title>");
  const live = (await fetch(`${url}-/live`)).body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !/"flows":\[\{/.test(text);) text += (await live?.read())?.value ?? "";
  await live?.cancel();
  running.signal("SIGINT");
  assert.is((await running.ended).code, 0);
});

test.run();
