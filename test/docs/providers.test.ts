/** The provider of docs/providers.md, taken from its page and run through every contract. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import type { Clock } from "../../src/base/clock.ts";
import type { Provider } from "../../src/contract/provider.ts";
import * as contracts from "../../src/testing/index.ts";
import { closeHolding } from "../support/close-holding.ts";
import { runContract } from "../support/run-contract.ts";
import { suite } from "../support/suite.ts";

interface Page {
  readonly MapProvider: new (options: { readonly clock: Clock }) => Provider;
}

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { MapProvider } = await pageModule();
const clock = new contracts.ForgetfulClock();
const provider = new MapProvider({ clock });
let names = 0;
const subject: contracts.ContractSubject = { provider, clock, leaseMs: 1_000, newName: () => `Map${++names}` };

runContract("docs/providers.md: queues", contracts.queueOperatorContract, subject);
runContract("docs/providers.md: collections", contracts.collectionStoreContract, subject);
runContract("docs/providers.md: keyed lists", contracts.keyedListStoreContract, subject);
runContract("docs/providers.md: counters", contracts.counterStoreContract, subject);
runContract("docs/providers.md: key-value", contracts.keyValueStoreContract, subject);
runContract("docs/providers.md: locks", contracts.lockStoreContract, subject);
runContract("docs/providers.md: steps", contracts.stepContract, subject);
runContract("docs/providers.md: hive", contracts.hiveContract, subject);
runContract("docs/providers.md: log", contracts.topicLogContract, subject);

const closing = suite("docs/providers.md: close");
closing("a closed provider leaves nothing that keeps the process", () => closeHolding(provider));
closing.run();

/** Imports the TypeScript blocks of the page, up to the one that exports the provider. */
async function pageModule(): Promise<Page> {
  const page = await readFile(join(root, "docs/providers.md"), "utf8");
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  const last = blocks.findIndex((code) => code.includes("export class MapProvider"));
  assert.is.not(last, -1, "the page exports MapProvider");
  // Inside the folders of tsconfig.json, like the other examples.
  const folder = await mkdtemp(join(root, "test/docs/run-"));
  try {
    const file = join(folder, "provider.ts");
    await writeFile(file, blocks.slice(0, last + 1).join("\n"));
    return (await import(pathToFileURL(file).href)) as Page;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
