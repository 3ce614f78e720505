import { createHive, silentLogger } from "beehive-actors";
import { dashboard, serveDashboard } from "beehive-actors/dashboard";
import { noBrowser, openPage, startBrowser } from "../support/browser.ts";
import { suite } from "../support/suite.ts";

const test = suite("a login before the dashboard", { timeoutMs: 60_000, skip: noBrowser, skipInCi: true });

test("a session that has ended is told, also where strangers are redirected", async () => {
  let isSignedIn = true;
  const hive = await createHive({ publishes: ["Orders"], logger: silentLogger });
  await hive.setup();
  const ops = dashboard(hive, {
    authorize: ({ url }) => {
      if (new URL(url).pathname === "/login") return new Response("the login");
      if (isSignedIn) return { name: "ada" };
      return new Response(null, { status: 302, headers: { location: "/login" } });
    },
  });
  const server = await serveDashboard(ops, 0);
  const browser = await startBrowser();
  const { page } = await openPage(browser);
  await page.goto(`http://127.0.0.1:${server.port}/`);
  await page.getByText("live", { exact: true }).waitFor();
  isSignedIn = false;
  await page.goto(`http://127.0.0.1:${server.port}/#/letters`);
  await page.getByText("You are not signed in any more.").first().waitFor();
  await page.reload();
  await page.getByText("the login").waitFor();
  await browser.close();
  await server.close();
  await hive.stop();
});

test.run();
