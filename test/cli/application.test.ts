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

test("given namespaces, pulsers and options among the exports, when loaded, then all are found and put together", async () => {
  const { descriptors, pulsers, options } = await loadApplication([whole], none);
  assert.equal(descriptors.map(({ name }) => name).toSorted(), ["MailActor", "PackingActor"]);
  assert.equal(pulsers.map(({ name }) => name).toSorted(), ["HourPassed", "MinutePassed"]);
  const mail = descriptors.find(({ name }) => name === "MailActor");
  assert.equal([mail?.parallelism, mail?.retry.maxAttempts], [7, 4]);
  assert.equal(options.journal, { entries: 500 });
});

test("given settings, when loaded, then they win over what the module says, one by one", async () => {
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

test("given overrides of actors that are not chosen, when loaded, then they do no harm, but a wrong name does", async () => {
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

test("given two modules that say the same thing, when loaded, then it is refused: neither can win", async () => {
  const error = await loadApplication([whole, cliModule("other")], none).catch((reason: unknown) => reason);
  assert.instance(error, UsageError);
  assert.match((error as Error).message, /whole\.ts and .*other\.ts both export hive\.journal/);
});

test("given a pulser that is exported and named in the options, when loaded, then it is one", async () => {
  const { pulsers } = await loadApplication([cliModule("ticking")], none);
  assert.equal(
    pulsers.map(({ name }) => name),
    ["MinutePassed"],
  );
});

test.run();
