import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHive, silentLogger } from "beehive-actors";
import type { Browser, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { noBrowser, openPage, startBrowser } from "../support/browser.ts";
import { suite } from "../support/suite.ts";
import { MemberChanged } from "./member.ts";

interface Recorded {
  readonly loads: number;
  readonly states: string[];
  readonly changes: [id: string, version: number][];
}

const test = suite("members in two browsers", { timeoutMs: 120_000, skip: noBrowser, skipInCi: true });

async function start(port: number, database: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(join(import.meta.dirname, "app.ts"), [`${port}`, database], { execArgv: process.execArgv });
  const [used] = (await once(child, "message")) as [number];
  return { child, port: used };
}

const kill = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
};

async function openAs(browser: Browser, name: string, port: number): Promise<Page> {
  const { page } = await openPage(browser, {
    storageState: { cookies: [cookie(name)], origins: [] },
  });
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForFunction("record.loads === 1");
  return page;
}

function cookie(value: string) {
  const lasting = { expires: -1, httpOnly: true, secure: false, sameSite: "Lax" as const };
  return { name: "user", value, domain: "127.0.0.1", path: "/", ...lasting };
}

const recordOf = (page: Page): Promise<Recorded> => page.evaluate("record");

/** Changes a member from a page, as its user would. */
function change(page: Page, salary: number, version: number): Promise<unknown> {
  const body = JSON.stringify({ id: "m1", name: "Grace", salary, version });
  return page.evaluate((text) => fetch("/members", { method: "POST", body: text }), body);
}

const row = (page: Page, text: string): Promise<void> => page.getByText(text, { exact: true }).waitFor();

test("a kill of the server, and a revoked right, leave two pages right", async () => {
  const folder = await mkdtemp(join(tmpdir(), "beehive-live-"));
  const database = join(folder, "members.db");
  const first = await start(0, database);
  const { port } = first;
  const browser = await startBrowser();
  const [ada, bob] = [await openAs(browser, "ada", port), await openAs(browser, "bob", port)];

  await change(bob, 100, 1);
  await row(ada, "Grace earns 100, version 1");
  await row(bob, "Grace (hidden), version 1");

  await kill(first.child);
  const other = await createHive({ provider: `sqlite:${database}`, publishes: [MemberChanged], logger: silentLogger });
  await other.setup();
  const event = (version: number) =>
    MemberChanged.create({ id: "m1", name: "Grace", salary: 100 + version, version }, { partitionKey: "m1" });
  for (let version = 2; version <= 20; version++) await other.push(event(version));
  const { child } = await start(port, database);
  for (let version = 21; version <= 40; version++) await other.push(event(version));
  await other.stop();
  await row(ada, "Grace earns 140, version 40");
  await row(bob, "Grace (hidden), version 40");
  for (const page of [ada, bob]) {
    const { loads, changes, states } = await recordOf(page);
    assert.equal(
      changes.map(([, version]) => version),
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
    assert.is(loads, 1);
    assert.ok(states.includes("waiting"));
  }

  await bob.evaluate(() => fetch("/outsiders?user=bob"));
  await change(ada, 200, 41);
  await row(ada, "Grace earns 200, version 41");
  await change(ada, 300, 42);
  await row(ada, "Grace earns 300, version 42");
  assert.is((await recordOf(bob)).changes.length, 40);

  await browser.close();
  await kill(child);
  await rm(folder, { recursive: true, force: true });
});

test.run();
