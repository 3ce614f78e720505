import * as assert from "uvu/assert";
import { loadApplication } from "../../src/cli/application.ts";
import { UsageError } from "../../src/cli/exit-code.ts";
import type { Settings } from "../../src/cli/settings.ts";
import { cliModule } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("the modules of the command line");

const none: Settings = { origins: {}, file: undefined };
const shop = cliModule("shop");
const whole = cliModule("whole");

test("options, pulsers and namespaces among the exports are combined", async () => {
  const { descriptors, pulsers, options } = await loadApplication([whole], none);
  assert.equal(descriptors.map(({ name }) => name).toSorted(), ["MailActor", "PackingActor"]);
  assert.equal(pulsers.map(({ name }) => name).toSorted(), ["HourPassed", "MinutePassed"]);
  const mail = descriptors.find(({ name }) => name === "MailActor");
  assert.equal([mail?.parallelism, mail?.retry.maxAttempts], [7, 4]);
  assert.equal(options.journal, { entries: 500 });
});

test("settings win over the module, one by one", async () => {
  const settings: Settings = {
    ...none,
    provider: "sqlite:x.db",
    journal: true,
    defaults: { retry: { maxAttempts: 2 } },
    overrides: { PackingActor: { parallelism: 9 } },
  };
  const { descriptors, options } = await loadApplication([whole], settings);
  const [mail, packing] = descriptors.toSorted((a, b) => a.name.localeCompare(b.name));
  assert.equal([mail?.parallelism, mail?.retry.maxAttempts, mail?.retry.minDelay], [7, 2, 11]);
  assert.is(packing?.parallelism, 9);
  assert.is(options.provider, "sqlite:x.db");
  assert.equal(options.journal, { entries: 500 }, "a switch that is on leaves how to the code");
  assert.is((await loadApplication([whole], { ...settings, journal: false })).options.journal, false);
});

test("overrides of actors not chosen are harmless; an unknown name is not", async () => {
  const chosen = { ...none, actors: ["OrderPlaced-Mail"], overrides: { PackingActor: { parallelism: 9 } } };
  const { descriptors } = await loadApplication([shop], chosen);
  assert.equal(
    descriptors.map(({ name }) => name),
    ["MailActor"],
  );
  const error = await loadApplication([shop], { ...chosen, overrides: { Nobody: {} } }).catch(
    (reason: unknown) => reason,
  );
  assert.match(String(error), /Nobody is neither an actor nor a subscription/);
});

test("two modules that export the same option are refused", async () => {
  const error = await loadApplication([whole, cliModule("other")], none).catch((reason: unknown) => reason);
  assert.instance(error, UsageError);
  assert.match((error as Error).message, /whole\.ts and .*other\.ts both export hive\.journal/);
});

test("a pulser exported by itself and in the options is one", async () => {
  const { pulsers } = await loadApplication([cliModule("ticking")], none);
  assert.equal(
    pulsers.map(({ name }) => name),
    ["MinutePassed"],
  );
});

test.run();
