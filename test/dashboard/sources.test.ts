import {
  actor,
  BeeHiveError,
  createHive,
  eventType,
  openProvider,
  silentLogger,
  type Hive,
  type Provider,
} from "beehive-actors";
import { dashboard, serveDashboard, type DashboardServer } from "beehive-actors/dashboard";
import { kafkaSource, memoryKafka, type MemoryKafka } from "beehive-actors/kafka";
import type { Browser, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { noBrowser, openPage, startBrowser, takePicture, type WatchedPage } from "../support/browser.ts";
import { until } from "../support/kafka-shop.ts";
import { suite } from "../support/suite.ts";

const test = suite("sources and forks in a browser", { timeoutMs: 60_000, skip: noBrowser, skipInCi: true });

const client: MemoryKafka = memoryKafka();
let browser: Browser;
let provider: Provider;
let hive: Hive;
let server: DashboardServer;
let watched: WatchedPage;
let page: Page;

const OrderPlaced = eventType<object>("OrderPlaced");
const OrderPlaced2 = eventType<object>("OrderPlaced_v2");
const Payment = actor("OrderPlaced-Payment", OrderPlaced, {}, () => []);
const Bridge = actor("OrderPlaced-Bridge", OrderPlaced, { publishes: [OrderPlaced2] }, ({ body }) => [
  OrderPlaced2.create(body),
]);
const Packing = actor("OrderPlaced_v2-Packing", OrderPlaced2, {}, () => []);

test.before(async () => {
  browser = await startBrowser();
  provider = await openProvider("memory:");
  hive = await createHive({
    actors: [Payment, Bridge, Packing],
    sources: [kafkaSource({ client, topic: "orders", group: "shop", to: "OrderPlaced-", from: "beginning" })],
    provider,
    journal: true,
    logger: silentLogger,
  });
  await hive.start();
  write(3);
  await until(async () => (await sourceNow())?.behind === 0);
  await hive.whenIdle();
  const ops = dashboard(hive, { authorize: () => ({ name: "ada" }), logger: silentLogger });
  server = await serveDashboard(ops, 0);
});
test.after(async () => {
  await browser.close();
  await server.close();
  await hive.stop();
  await provider.close();
});
test.before.each(async () => {
  watched = await openPage(browser);
  ({ page } = watched);
});
test.after.each(async () => {
  await page.context().close();
  assert.equal(watched.errors, []);
});

const sourceNow = async () => (await hive.health()).detail.sources[0];
const show = (hash: string): Promise<unknown> => page.goto(`http://127.0.0.1:${server.port}/#/${hash}`);
const write = (count: number): void =>
  client.write(
    "orders",
    Array.from({ length: count }, (_, n) => ({ key: `${n}`, value: "{}" })),
  );

test("a source is paused with a reason, shows its lag, and is resumed", async () => {
  await show("sources");
  await page.getByText("0 records").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByLabel("Reason").fill("stocktaking");
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused by ada: stocktaking").waitFor();
  assert.is((await hive.source("orders").paused())?.reason, "stocktaking");
  await takePicture(page, "sources");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  assert.is(await hive.source("orders").paused(), undefined);
});

test("a source that fails is in trouble, with its error", async () => {
  client.failure = new BeeHiveError("Unavailable", "The broker is down.");
  await until(async () => (await sourceNow())?.failing !== undefined);
  await show("");
  const trouble = page.locator(".panel", { hasText: "In trouble" });
  await trouble.getByText("held up by Unavailable").waitFor();
  await trouble.getByRole("link", { name: "source orders" }).click();
  await page.getByText("! Unavailable").waitFor();
  client.failure = undefined;
  await page.getByText("! Unavailable").waitFor({ state: "detached" });
});

test("a replaced topic names its readers, its bridge and its events", async () => {
  await show("");
  const row = page.locator(".panel", { hasText: "Replaced topics" }).getByRole("row", { name: /^OrderPlaced/ });
  await row.getByRole("link", { name: "OrderPlaced-Payment" }).waitFor();
  await row.getByText("bridged by Bridge").waitFor();
  await row.getByRole("cell", { name: /^[1-9]$/ }).waitFor();
  await row.getByText("code outside the actors").waitFor();
  await takePicture(page, "forks");
});

test("both fit a phone", async () => {
  await page.setViewportSize({ width: 375, height: 812 });
  for (const screen of ["sources", ""]) {
    await show(screen);
    await page.locator("main h1").first().waitFor({ state: "attached" });
    assert.is(await page.evaluate("document.documentElement.scrollWidth"), 375, `#/${screen} is wider`);
  }
});

test.run();
