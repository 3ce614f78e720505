import { createHive, openProvider, silentLogger } from "beehive-actors";
import { dashboard, type Dashboard } from "beehive-actors/dashboard";
import * as assert from "uvu/assert";
import { pageFiles } from "../../../../src/web/dashboard/page-files.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the page of a dashboard", { timeoutMs: 30_000 });

/** The whole of what a browser loads before it shows something. */
const maxScript = 150_000;

test("the script stays below 150 KB, and names no other host", async () => {
  const { script, style } = await pageFiles();
  const bytes = Buffer.byteLength(script);
  assert.ok(bytes < maxScript, `${bytes} bytes`);
  assert.not.match(`${script}${style}`.replaceAll("http://www.w3.org/", ""), /https?:\/\/|@import|eval\(|new Function/);
});

test("all that the page loads is below its own path, wherever it is", async () => {
  const provider = await openProvider("memory:");
  await using hive = await createHive({ provider, logger: silentLogger });
  const ops = dashboard(hive, { authorize: () => ({ name: "ada" }) });
  for (const path of ["/", "/ops", "/ops/", "/deep/in/the/site", "/a/b-/"]) {
    const links = await linksOf(ops, path);
    assert.is(links.length, 3, path);
    for (const link of links) {
      assert.ok(link.pathname.startsWith(`${path.replace(/\/$/, "")}/-/`), `${path}: ${link.pathname}`);
      assert.is((await ops.fetch(new Request(link))).status, 200, link.href);
    }
  }
  await provider.close();
});

async function linksOf(ops: Dashboard, path: string): Promise<URL[]> {
  const url = `http://localhost${path}`;
  const text = await (await ops.fetch(new Request(url))).text();
  return [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link = ""]) => new URL(link, url));
}

test("another page has its own title, written as text", async () => {
  const provider = await openProvider("memory:");
  const ops = dashboard(provider, { authorize: () => ({ name: "ada" }), title: "<b>Shop & Co</b>" });
  const text = await (await ops.fetch(new Request("http://localhost/"))).text();
  assert.match(text, "<title>&lt;b&gt;Shop &amp; Co&lt;/b&gt;</title>");
  await provider.close();
});

test.run();
