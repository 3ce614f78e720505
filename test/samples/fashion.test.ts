import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openProvider, systemClock } from "beehive-actors";
import { memoryKafka, type KafkaRecord } from "beehive-actors/kafka";
import { given } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import {
  PriceListed,
  ProductDescribed,
  ProductEnriched,
  ProductWithdrawn,
  StockReported,
} from "../../samples/fashion/events.ts";
import { problemsOf, runFashion, type Report } from "../../samples/fashion/fashion.ts";
import { feedOf } from "../../samples/fashion/feed.ts";
import { MergePrice, MergeStock } from "../../samples/fashion/merging.ts";
import { contentOf, newIndex } from "../../samples/fashion/search.ts";
import { root } from "../support/cli.ts";
import { noPostgres, postgresSchema } from "../support/postgres-server.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

const test = suite("the catalogue of samples/fashion", { timeoutMs: 60_000 });

const gone = { sku: "z", revision: 0 };
/** The first product is complete in the first half, and withdrawn in the second. */
const feed = [
  ProductDescribed.create({ ...gone, brand: "Celeste", name: "navy coat", category: "Outerwear", colour: "navy" }),
  StockReported.create({ ...gone, quantity: 5 }),
  PriceListed.create({ ...gone, price: 90 }),
  ...feedOf(60, 7),
  PriceListed.create({ ...gone, revision: 1, price: null }),
];

/** Returns the products whose newest price is a number. */
function forSale(): string[] {
  const newest = new Map<string, { readonly revision: number; readonly price: number | null }>();
  for (const event of feed) {
    if (!PriceListed.is(event)) continue;
    const { sku, revision, price } = PriceListed.read(event);
    if (revision > (newest.get(sku)?.revision ?? -1)) newest.set(sku, { revision, price });
  }
  return [...newest].filter(([, { price }]) => price !== null).map(([sku]) => sku);
}

async function run(url: string): Promise<Report> {
  const provider = await openProvider(url, { clock: systemClock });
  try {
    const report = await runFashion({ provider, feed, say: () => {} });
    assert.equal(await problemsOf(report, provider), []);
    return report;
  } finally {
    await provider.close();
  }
}

test("each product for sale is found by both indexes", async () => {
  const { products, indexed, rebuiltEqual, lag, metrics } = await run("memory:");
  assert.ok(metrics.withdrawn > 0);
  assert.ok(products > 50 && products < 60);
  assert.equal([products, indexed, rebuiltEqual, lag], [forSale().length, products, true, 0]);
});

test("a second run on a file finds the same, and counts nothing again", async () => {
  using file = sqliteFile();
  const first = await run(`sqlite:${file.path}`);
  assert.equal({ ...(await run(`sqlite:${file.path}`)), durationMs: 0 }, { ...first, durationMs: 0 });
});

test("with its topics in Kafka the products for sale are found there too", async () => {
  const kafka = memoryKafka({ partitions: 3 });
  const provider = await openProvider("memory:", { clock: systemClock });
  const report = await runFashion({ provider, feed, kafka, say: () => {} });
  assert.equal(await problemsOf(report, provider), []);
  await provider.close();
  const newest = new Map(kafka.records("fashion-ProductEnriched").flatMap((records) => records.map(keyAndValue)));
  const left = [...newest].filter(([, value]) => value !== undefined).map(([sku]) => sku);
  assert.equal(new Set(left), new Set(forSale()));
});

function keyAndValue({ key, value }: KafkaRecord): [string, Uint8Array | undefined] {
  return [Buffer.from(key ?? []).toString(), value];
}

const postgres = suite("the catalogue of samples/fashion on PostgreSQL", { timeoutMs: 60_000, skip: noPostgres });

postgres("each product for sale is found by both indexes", async () => {
  const schema = postgresSchema();
  try {
    const { products, indexed } = await run(schema.url);
    assert.equal([products, indexed], [forSale().length, products]);
  } finally {
    await schema.drop();
  }
});

const described = { sku: "a", revision: 0, brand: "Celeste", name: "navy coat", category: "Outerwear", colour: "navy" };
const stock = { sku: "a", revision: 3, quantity: 5 };
const known = { Products: [{ id: "a", described, stock, listed: { sku: "a", revision: 1, price: 90 } }] as never };

test("an older line changes nothing", async () => {
  await given(known)
    .when(StockReported.create({ ...stock, revision: 2, quantity: 9 }), MergeStock)
    .then([]);
});

test("a product without a price is withdrawn by an event without a body", async () => {
  const event = PriceListed.create({ sku: "a", revision: 2, price: null });
  await given(known)
    .when(event, MergePrice)
    .then([ProductWithdrawn.create(undefined, { partitionKey: "a" })]);
});

test("a sold-out product says so to its readers", async () => {
  const { sku, brand, name, category, colour } = described;
  const facts = { sku, brand, name, category, colour, quantity: 0, price: 90, change: "soldOut" } as const;
  await given(known)
    .when(StockReported.create({ ...stock, revision: 4, quantity: 0 }), MergeStock)
    .then([ProductEnriched.create(facts, { partitionKey: "a" })]);
});

test("an index that lacks a product or has an old price is not equal", () => {
  const [whole, old, lacking] = [newIndex(), newIndex(), newIndex()];
  const product = { ...described, quantity: 1, price: 10, change: "added" } as const;
  for (const index of [whole, old, lacking]) index.add({ ...product, sku: "b" });
  whole.add(product);
  old.add({ ...product, price: 9 });
  assert.not(contentOf(old) === contentOf(whole));
  assert.not(contentOf(lacking) === contentOf(whole));
  old.replace(product);
  assert.is(contentOf(old), contentOf(whole));
});

const samples = suite("npm run sample", { timeoutMs: 60_000 });

function sample(...args: string[]) {
  const command = ["--import", "tsx", "-C", "beehive-source", "scripts/sample.ts", ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: "utf8" });
}

samples("it lists every folder of samples", () => {
  const { stdout, status } = sample();
  assert.is(status, 0);
  const folders = readdirSync(join(root, "samples"), { withFileTypes: true }).filter((one) => one.isDirectory());
  const listed = [...stdout.matchAll(/^ {2}([\w-]+) +[A-Z].*\.$/gm)].map(([, name]) => name);
  const names = folders.map(({ name }) => name);
  // A folder may have several programs: members, members-page.
  const folderOf = (program = ""): string | undefined =>
    names.find((name) => program === name || program.startsWith(`${name}-`));
  assert.equal(new Set(listed.map(folderOf)), new Set<string | undefined>(names));
});

samples("a wrong name ends with 2 and lists the near ones", () => {
  const { stderr, status } = sample("fashon");
  assert.is(status, 2);
  assert.match(stderr, "fashion");
  assert.not.match(stderr, "booking");
});

samples("fashion --json ends with its report", () => {
  const { stdout, status, stderr } = sample("fashion", "--json", "--products", "40");
  assert.is(status, 0, stderr);
  assert.match(stdout, "behind: NewSearchActor");
  const report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Report;
  assert.equal(Object.keys(report), ["products", "indexed", "rebuiltEqual", "metrics", "lag", "durationMs"]);
  assert.ok(report.rebuiltEqual && report.products > 30);
});

samples("a wrong option of fashion ends with 2", () => {
  assert.is(sample("fashion", "--products", "many").status, 2);
  assert.is(sample("fashion", "--colour").status, 2);
  const cloud = sample("fashion", "--provider", "aws:?region=eu-west-1");
  assert.is(cloud.status, 2);
  assert.match(cloud.stderr, "The catalogue needs atomic steps: aws has none.");
});

test.run();
postgres.run();
samples.run();
