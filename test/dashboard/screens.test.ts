import type { Browser, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { ProductDelivered } from "../../samples/prismo/events.ts";
import { prismoStores } from "../../samples/prismo/stores.ts";
import { noBrowser, openPage, startBrowser, takePicture, type WatchedPage } from "../support/browser.ts";
import { refused, shopOnScreen, unmailed, type ShopOnScreen } from "../support/shop-on-screen.ts";
import { suite } from "../support/suite.ts";

const test = suite("the dashboard in a browser", { timeoutMs: 60_000, skip: noBrowser, skipInCi: true });

let browser: Browser;
let shop: ShopOnScreen;
let watched: WatchedPage;
let page: Page;

test.before(async () => {
  [browser, shop] = await Promise.all([startBrowser(), shopOnScreen()]);
});
test.after(async () => {
  await browser.close();
  await shop[Symbol.asyncDispose]();
});
test.before.each(async () => {
  watched = await openPage(browser);
  ({ page } = watched);
});
test.after.each(async () => {
  await page.context().close();
  assert.equal(watched.errors, []);
});

const show = (hash: string): Promise<unknown> => page.goto(`${shop.url}#/${hash}`);
/** Forgets the lines of the console about refused requests, which a test has caused. */
const forgive = (expected: RegExp): void => {
  watched.errors.splice(0, Infinity, ...watched.errors.filter((error) => !expected.test(error)));
};
const button = (name: string | RegExp) => page.getByRole("button", { name });

test("the overview shows the graph with counts, and what is in trouble", async () => {
  await show("");
  const graph = page.getByRole("region", { name: /graph of events/ });
  await graph.getByRole("link", { name: "OrderAccepted-Payment: 3 dead letters" }).waitFor();
  await graph
    .getByText(/^20( ·|$)/)
    .first()
    .waitFor();
  await page.getByRole("img", { name: /Committed over the last hour/ }).waitFor();
  const trouble = page.locator(".panel", { hasText: "In trouble" });
  await trouble.getByText("3 dead letters").waitFor();
  await trouble.getByRole("link", { name: "OrderShipped-Email" }).waitFor();
  await page.getByText("live", { exact: true }).waitFor();
  await takePicture(page, "overview");
});

test("keys alone lead from the overview to a queue", async () => {
  await show("");
  const link = page
    .getByRole("region", { name: /graph of events/ })
    .getByRole("link", { name: /^OrderAccepted-Payment/ });
  await link.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "OrderAccepted-Payment" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("order-1");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Trace order-1" }).waitFor();
});

test("a queue is paused with a reason, changed and resumed", async () => {
  await show("queue/OrderAccepted-Payment");
  const queue = shop.hive.queue("OrderAccepted-Payment");
  await page.getByRole("row", { name: /parallelism 10 default/ }).waitFor();
  await takePicture(page, "queue");

  await button("Pause").click();
  await page.getByLabel("Reason").fill("the bank is down");
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused by ada: the bank is down").waitFor();
  const { pause } = await queue.operated();
  assert.equal([pause?.by, pause?.reason, pause?.until], ["ada", "the bank is down", undefined]);

  await button("Change").click();
  await page.getByLabel(/work at the same time/).fill("3");
  await page.getByRole("dialog").getByRole("button", { name: "Change" }).click();
  await page.getByRole("row", { name: /parallelism 3 ada/ }).waitFor();
  assert.is((await queue.operated()).settings?.parallelism, 3);

  await button("Resume").click();
  await button("Pause").waitFor();
  assert.is((await queue.operated()).pause, undefined);
  await page.getByRole("row", { name: /ada resume/ }).waitFor();
});

test("a trace shows what followed from an order, and a body on demand", async () => {
  await show(`trace/${unmailed}`);
  await page.getByText("TypeError: The mail server hung up on order-7.").waitFor();
  await page.getByRole("link", { name: "OrderShipped-Email" }).waitFor();
  await page.getByText("dead letter", { exact: true }).waitFor();
  await button("body").first().click();
  await page.getByText('"orderId": "order-7"').waitFor();
  await takePicture(page, "trace");
  await show("trace/nothing-of-the-kind");
  await page.getByText("No event, correlation id or business id").waitFor();
});

test("the history lists the kept events of a topic with their bodies", async () => {
  await show("history");
  await page.getByText("positions 0 to 19").waitFor();
  await page.getByRole("button", { name: "19", exact: true }).click();
  await page.getByText('"orderId": "order-20"').waitFor();
  await takePicture(page, "history");
});

test("the hives are listed, and all subscriptions are paused and resumed", async () => {
  await show("hives");
  await page.getByText(`process ${process.pid}`).waitFor();
  await page.getByText("26 subscriptions").click();
  await page.getByRole("row", { name: /OrderAccepted-Payment PaymentActor/ }).waitFor();
  await takePicture(page, "hives");
  await button("Pause all").click();
  await page.getByLabel("Reason").fill("restoring");
  await page.getByLabel("How long").selectOption("for an hour");
  await page.getByRole("dialog").getByRole("button", { name: "Pause all" }).click();
  await page.getByText("Paused by ada: restoring").waitFor();
  const { all } = await shop.hive.operator.states();
  assert.ok((all?.until?.getTime() ?? 0) > Date.now() + 3_500_000);
  await button("Resume").click();
  await button("Pause all").waitFor();
  assert.is((await shop.hive.operator.states()).all, undefined);
});

test("a pulser is shown with its next firing, paused and resumed", async () => {
  await show("schedules");
  await page.getByText(/every hour|every 1 ?h/).waitFor();
  await page.getByText("Next").waitFor();
  await takePicture(page, "schedules");
  await button("Pause").click();
  await page.getByLabel("Reason").fill("stocktaking");
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused by ada: stocktaking").waitFor();
  assert.is((await shop.hive.pulser("StockCounted").paused())?.reason, "stocktaking");
  await button("Resume").click();
  await button("Pause").waitFor();
  assert.is(await shop.hive.pulser("StockCounted").paused(), undefined);
});

test("an event is sent by the form of its schema, which checks its body", async () => {
  await show("send");
  await page.getByLabel("Type").selectOption("ProductDelivered");
  await page.getByLabel("deliveryId").fill("by-hand");
  await page.getByLabel("productId").fill("lamp");
  await page.getByLabel("quantity").fill("0");
  // The browser checks the minimum itself; the form of JSON leaves it to the server.
  await button("Write JSON").click();
  await button("Send").click();
  await page.getByText(/does not fit ProductDelivered/).waitFor();
  forgive(/status of 400/);
  await takePicture(page, "send");
  const { counters } = prismoStores(shop.provider.stores);
  const before = await counters.get("Stock", "lamp");
  await page.getByLabel("Body, as JSON").fill('{ "deliveryId": "by-hand", "productId": "lamp", "quantity": 5 }');
  await button("Send").click();
  await page.getByText("Sent:").waitFor();
  await shop.hive.whenIdle();
  assert.is(await counters.get("Stock", "lamp"), before + 5);
  await page.getByRole("link", { name: "follow it" }).click();
  await page.getByRole("link", { name: "ProductDelivered-BookIn" }).waitFor();
});

test("events that wait are looked at, cancelled one by one, and purged", async () => {
  const queue = shop.hive.queue("ProductDelivered-BookIn");
  await queue.pause({ reason: "to look inside", by: "test" });
  const goods = ["pallet-1", "pallet-2", "pallet-3"].map((id) =>
    ProductDelivered.create({ deliveryId: id, productId: "lamp", quantity: 1 }, { id }),
  );
  await shop.hive.push(goods);
  await show("queue/ProductDelivered-BookIn");
  await button("Peek").click();
  const waiting = page.locator(".panel", { hasText: "Events that wait" });
  const second = waiting.getByRole("listitem").filter({ hasText: "pallet-2" });
  await second.getByText("ready").waitFor();
  await second.getByRole("button", { name: "body" }).click();
  await second.getByText('"deliveryId": "pallet-2"').waitFor();
  await takePicture(page, "queue-peek");
  await second.getByRole("button", { name: "Cancel event" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel event" }).click();
  await second.waitFor({ state: "detached" });
  assert.is((await queue.counts()).ready, 2);
  await button("Purge").click();
  await page.getByRole("dialog").getByText("2 ready and 0 delayed").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Purge" }).click();
  await waiting.getByText("None waits.").waitFor();
  assert.is((await queue.counts()).ready, 0);
  await queue.resume({ by: "test" });
});

test("dead letters are grouped, mended, requeued in steps and dropped", async () => {
  await show("letters");
  const bank = page.locator(".panel", { hasText: "The bank does not know" });
  const mail = page.locator(".panel", { hasText: "The mail server hung up" });
  await bank.getByText("3", { exact: true }).waitFor();
  await mail.getByText("1", { exact: true }).waitFor();
  await bank.getByRole("list", { name: "Letters" }).getByRole("button").first().click();
  await bank.getByText(`"orderId": "${refused[0]}"`).waitFor();
  await takePicture(page, "letters");

  await bank.getByRole("button", { name: "Requeue 1", exact: true }).click();
  await bank.getByText(`these died again: accepted-${refused[0]}`).waitFor();

  const { orders } = prismoStores(shop.provider.stores);
  const { etag: _, ...known } = await orders.get("order-1");
  await orders.insert({ ...known, id: "order-by-phone", status: "accepted" });
  await bank.getByRole("list", { name: "Letters" }).getByRole("button").first().click();
  await bank.getByRole("button", { name: "Edit and requeue" }).click();
  await page.getByLabel(/^Body/).fill('{ "orderId": "order-by-phone" }');
  await page.getByRole("dialog").getByRole("button", { name: "Edit and requeue" }).click();
  await bank.getByText("2", { exact: true }).waitFor();
  await shop.hive.whenIdle();
  assert.is.not((await orders.get("order-by-phone")).status, "accepted");

  shop.mend();
  await bank.getByRole("button", { name: "Requeue all, in steps" }).click();
  await bank.waitFor({ state: "detached" });
  await shop.hive.whenIdle();
  const left = await Promise.all(refused.map(async (id) => (await orders.get(id)).status));
  assert.is(left.filter((status) => status === "accepted").length, 1, "all but the one that was mended");

  await mail.getByRole("button", { name: "Drop all" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Drop all" }).click();
  await page.getByText("There are none.").waitFor();
  assert.is((await shop.hive.queue("OrderShipped-Email").counts()).dead, 0);
});

test("a page connects again by itself after a restart of the server", async () => {
  await show("");
  await page.getByText("live", { exact: true }).waitFor();
  await shop.restart();
  await page.getByText("live", { exact: true }).waitFor();
  forgive(/Failed to load resource/);
});

test("each screen fits a phone, in the dark", async () => {
  watched = await openPage(browser, { viewport: { width: 375, height: 812 }, colorScheme: "dark" });
  await page.context().close();
  ({ page } = watched);
  for (const screen of [
    "",
    "queue/OrderAccepted-Payment",
    "letters",
    "trace/order-1",
    "history",
    "hives",
    "schedules",
    "send",
  ]) {
    await show(screen);
    await page.getByText("live", { exact: true }).waitFor();
    await page.locator("main h1").first().waitFor({ state: "attached" });
    assert.is(await page.evaluate("document.documentElement.scrollWidth"), 375, `#/${screen} is wider`);
    await takePicture(page, `phone-${screen.replace(/\W.*/, "") || "overview"}`);
  }
});

test.run();
