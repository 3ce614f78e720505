/**
 * Runs the samples of `samples/frameworks` with the package as it is built: `npm run check:adoption`.
 *
 * Each serves the same shop over HTTP: an order is accepted, paid by an actor, and found; a wrong one is refused; SIGTERM
 * ends the process well. The frameworks are large, so the first run, and each after a change of the lockfile, installs
 * them there.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installLocked } from "./install.ts";

const root = join(import.meta.dirname, "..");
const samples = join(root, "samples/frameworks");
const bin = (name: string): string => join(root, "node_modules/.bin", name);
const limitMs = 60_000;

try {
  if (installLocked(samples)) console.log("ok    the frameworks are installed");
  await check("the package is built beside them", buildThere);
  await check("the samples compile", () => run(bin("tsc"), ["-p", samples, "--noEmit"]));
  for (const sample of ["express", "fastify", "hono", "nest", "node-http"])
    await check(`${sample} serves the shop`, () => servesShop(sample));
  await check("next serves the shop by its route handlers", () => runSample("checks/next.ts"));
  await check("nest makes actors for their steps, and stops them", () => runSample("checks/nest.ts"));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function runSample(file: string): void {
  run(process.execPath, ["--import", "tsx", file], samples);
}

/** Puts the package among the installed ones, where it finds the frameworks as in an application. */
function buildThere(): void {
  const folder = join(samples, "node_modules/beehive-actors");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  run(bin("tsc"), ["-p", join(root, "tsconfig.build.json"), "--outDir", join(folder, "dist")]);
}

async function servesShop(sample: string): Promise<void> {
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
    child.kill("SIGTERM");
    const [code] = await ended;
    if (code !== 0 && child.signalCode !== "SIGTERM") throw new Error(`it ended with ${code}\n${shown()}`);
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}

async function useShop(url: string): Promise<void> {
  const post = async (body: object): Promise<number> => {
    const headers = { "content-type": "application/json", connection: "close" };
    return (await fetch(`${url}/orders`, { method: "POST", headers, body: JSON.stringify(body) })).status;
  };
  const get = (path: string): Promise<Response> => fetch(`${url}${path}`, { headers: { connection: "close" } });
  expect("an order is accepted", await post({ orderId: "1042" }), 202);
  expect("a wrong order is refused", await post({ order: 1 }), 400);
  await until(async () => (await get("/orders/1042")).status === 200);
  expect("the order is paid", JSON.stringify(await (await get("/orders/1042")).json()).includes('"paid"'), true);
  expect("an unknown order is not found", (await get("/orders/1")).status, 404);
  expect("it is healthy", (await get("/health")).status, 200);
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

async function check(what: string, body: () => unknown): Promise<void> {
  try {
    await body();
    console.log(`ok    ${what}`);
  } catch (error) {
    console.log(`FAIL  ${what}`);
    throw error;
  }
}

/** Runs a command. @throws Error with all of its output when it fails. */
function run(command: string, args: readonly string[], cwd = root): void {
  try {
    execFileSync(command, args, { cwd, timeout: limitMs, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: Buffer | string; stderr?: Buffer | string };
    throw new Error(`${command} ${args.join(" ")} failed\n${String(stdout)}${String(stderr)}`, { cause: error });
  }
}
