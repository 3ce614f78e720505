import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHive, silentLogger } from "beehive-actors";
import type { Browser, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { Directory } from "../../samples/members/entities.ts";
import { noBrowser, openPage, startBrowser } from "../support/browser.ts";
import { root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("members in two browsers", { timeoutMs: 120_000, skip: noBrowser, skipInCi: true });

async function start(port: number, provider: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const parameters = ["--port", `${port}`, "--provider", provider];
  const program = join(root, "samples/members/live.ts");
  const child = fork(program, parameters, { execArgv: process.execArgv, silent: true });
  const [used] = (await once(child, "message")) as [number];
  return { child, port: used };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function openAs(browser: Browser, name: string, port: number): Promise<Page> {
  const { page } = await openPage(browser);
  await page.goto(`http://127.0.0.1:${port}/as/${name}`);
  await page.getByText("loaded", { exact: true }).waitFor();
  return page;
}

const sees = (page: Page, id: string, text: string): Promise<void> =>
  page.locator(`#${id}`).filter({ hasText: text }).waitFor();
const logOf = (page: Page): Promise<string[]> => page.locator("#log li").allTextContents();

test("a kill of the server, and a revoked right, leave two pages right", async () => {
  const folder = await mkdtemp(join(tmpdir(), "beehive-members-"));
  const provider = `sqlite:${join(folder, "members.db")}`;
  const first = await start(0, provider);
  const browser = await startBrowser();
  const [hedy, ada] = [await openAs(browser, "hedy", first.port), await openAs(browser, "ada", first.port)];
  await sees(ada, "hedy", "Hedy Lamarr (hidden), version 1");

  // A change made on one page is seen on the other, without the salary.
  await hedy.getByText("raise Ada Lovelace").click();
  await sees(hedy, "ada", "Ada Lovelace earns 90, version 2");
  await sees(ada, "ada", "Ada Lovelace (hidden), version 2");

  // Another process writes while the server is dead, and when it is back.
  await kill(first.child);
  const other = await createHive({ provider, publishes: Directory.published, logger: silentLogger });
  await other.setup();
  const { Member } = other.store(Directory.token);
  for (let version = 3; version <= 20; version++) await Member.patch("ada", { salary: 100 + version });
  const { child } = await start(first.port, provider);
  for (let version = 21; version <= 40; version++) await Member.patch("ada", { salary: 100 + version });
  await other.stop();
  await sees(hedy, "ada", "Ada Lovelace earns 140, version 40");
  await sees(ada, "ada", "Ada Lovelace (hidden), version 40");
  const all = ["loaded", ...Array.from({ length: 39 }, (_, at) => `ada ${at + 2}`)];
  assert.equal(await logOf(hedy), all);
  assert.equal(await logOf(ada), all);

  // A viewer who left the company sees nothing more of it.
  await hedy.evaluate(() => fetch("/leave/ada", { method: "POST" }));
  for (const salary of [150, 160]) {
    await hedy.getByText("raise Ada Lovelace").click();
    await sees(hedy, "ada", `Ada Lovelace earns ${salary}`);
  }
  assert.equal(await logOf(ada), all);

  await browser.close();
  await kill(child);
  await rm(folder, { recursive: true, force: true });
});

test.run();
