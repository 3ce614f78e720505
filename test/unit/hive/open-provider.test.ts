import * as assert from "uvu/assert";
import { createHive, QueueName, registerProvider, systemClock, type ProviderModule } from "beehive-actors";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { assertProviderExists } from "../../../src/cli/open-existing-provider.ts";
import { openProvider, providerModule, providersWith } from "../../../src/hive/open-provider.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("opening providers");

const own: ProviderModule = {
  scheme: "own",
  packages: "own-client",
  journal: "stored",
  sharedBetweenProcesses: true,
  messagingSystem: "own",
  missing: async () => {
    throw Object.assign(new Error("no own-client"), { code: "ERR_MODULE_NOT_FOUND" });
  },
  open(url, { clock }) {
    if (url === "own:broken") throw Object.assign(new Error("no own-client"), { code: "ERR_MODULE_NOT_FOUND" });
    return Object.assign(new MemoryProvider({ clock }), { name: "own" });
  },
};

test("a registered provider opens by its scheme and brings its journal", async () => {
  registerProvider(own);
  const hive = await createHive({ provider: "own:here" });
  assert.is(hive.provider.name, "own");
  assert.ok(hive.journal);
  await hive.stop();
});

test("packages that are not installed are named with npm install", async () => {
  registerProvider(own);
  const context = { clock: systemClock };
  const { message } = await throwsCode("InvalidConfiguration", () => openProvider("own:broken", context));
  assert.match(message, "npm install own-client");
});

test("a command that only looks names missing packages, too", async () => {
  registerProvider(own);
  const { message } = await throwsCode("InvalidConfiguration", () => assertProviderExists("own:here", false));
  assert.match(message, "npm install own-client");
});

test("a provider opens by its URL alone, with the system clock", async () => {
  const provider = await openProvider("memory:");
  await provider.queues.ensure([{ name: QueueName.parse("Alone"), ordered: false, leaseMs: 1_000, maxAttempts: 3 }]);
  assert.is((await provider.queues.counts(QueueName.parse("Alone"))).ready, 0);
  await provider.close();
});

test("rules and rights of providers are known without their SDK", async () => {
  assert.equal(await providersWith("rules"), ["azure", "aws"]);
  assert.equal(await providersWith("leastRights"), ["postgres", "azure", "aws"]);
  assert.is(await providerModule("toString"), undefined);
});

test.run();
