import { actorDescription, createHive, Event, openProvider, silentLogger, type ProcessorActor } from "beehive-actors";
import { dashboard, serveDashboard } from "beehive-actors/dashboard";
import type { Browser } from "playwright-core";
import * as assert from "uvu/assert";
import { noBrowser, openPage, startBrowser } from "../support/browser.ts";
import { suite } from "../support/suite.ts";

const test = suite("scripts in the data of a dashboard", { timeoutMs: 60_000, skip: noBrowser, skipInCi: true });

let browser: Browser;
test.before(async () => {
  browser = await startBrowser();
});
test.after(() => browser.close());

const script = `"><img src=x onerror="window.ran=1"><script>window.ran=1</script>`;

class Evil extends Error {
  override readonly name: string = `Evil${script}`;
}

@actorDescription("Evil-Work", { retry: { maxAttempts: 1 }, name: "Work" })
class WorkActor implements ProcessorActor {
  async processAsync(): Promise<never> {
    throw new Evil(`failed: ${script}`);
  }
}

test("no script of types, bodies, ids, properties and errors runs", async () => {
  const provider = await openProvider("memory:");
  const hive = await createHive({
    actors: WorkActor,
    provider,
    keep: { Evil: { for: "1d" } },
    logger: silentLogger,
  });
  await hive.start();
  const given = {
    id: `id${script}`,
    partitionKey: `key${script}`,
    correlationId: `c${script}`,
    properties: { [`p`]: script },
  };
  await hive.push(new Event(`Type${script}`, { text: script, [script]: script }, { queueName: "Evil-", ...given }));
  await hive.whenIdle();
  await hive.queue("Evil-Work").pause({ reason: script, by: `ada${script}` });
  const ops = dashboard(hive, {
    authorize: () => ({ name: `ada${script}`, bodies: true }),
    title: script,
    environment: script,
  });
  const server = await serveDashboard(ops, 0);
  const { page, errors } = await openPage(browser);
  const screens = [
    "",
    "queue/Evil-Work",
    "letters",
    `trace/${encodeURIComponent(given.id)}`,
    "history",
    "hives",
    "send",
  ];
  for (const screen of screens) {
    await page.goto(`http://127.0.0.1:${server.port}/#/${screen}`);
    await page.getByText("live", { exact: true }).waitFor();
    await page.locator("main .panel").first().waitFor();
    // The letters, bodies and events that are shown on demand.
    const quiet = page.locator("main button.quiet[aria-expanded=false]");
    if ((await quiet.count()) > 0) {
      await quiet.first().click();
      await page.locator("main .body pre").first().waitFor();
    }
    assert.is(await page.evaluate("window.ran"), undefined, screen);
  }
  await page.goto(`http://127.0.0.1:${server.port}/#/${encodeURIComponent(script)}/${encodeURIComponent(script)}`);
  await page.locator("main .panel").first().waitFor();
  assert.is(await page.evaluate("window.ran"), undefined);
  assert.equal(errors, [], "the security policy had to stop something");
  await page.context().close();
  await server.close();
  await hive.stop();
  await provider.close();
});

test("bodies are hidden from those who may not see them", async () => {
  const provider = await openProvider("memory:");
  const hive = await createHive({ actors: WorkActor, provider, keep: { Evil: { for: "1d" } }, logger: silentLogger });
  await hive.start();
  await hive.push(new Event("Evil", { iban: "DE02" }, { id: "e1" }));
  await hive.whenIdle();
  const server = await serveDashboard(dashboard(hive, { authorize: () => ({ name: "bob", act: false }) }), 0);
  const { page } = await openPage(browser);
  for (const screen of ["letters", "history"]) {
    await page.goto(`http://127.0.0.1:${server.port}/#/${screen}`);
    await page.locator("main button.quiet[aria-expanded=false]").first().click();
    await page.getByText("Bodies are hidden from you.").waitFor();
    assert.is(await page.getByText("DE02").count(), 0);
    assert.is(await page.getByRole("button", { name: /Requeue|Drop|Pause/ }).count(), 0);
  }
  await page.getByText("read only").waitFor();
  await page.context().close();
  await server.close();
  await hive.stop();
  await provider.close();
});

test.run();
