import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { defineConfig } from "beehive-actors";
import * as assert from "uvu/assert";
import { configProblems } from "../../src/cli/config-schema.ts";
import { root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("schemas/config.json");
// `pattern` beside no `type` is fine here; unknown keywords are not.
const schema = JSON.parse(readFileSync(join(root, "schemas/config.json"), "utf8")) as object;
const validate = new Ajv({ allErrors: true }).compile(schema);

const full = defineConfig({
  provider: "sqlite:./hive.db",
  modules: ["src/actors.ts"],
  codec: "src/codec.ts",
  actors: ["PaymentActor"],
  stages: "stages.ini",
  stage: ["billing"],
  topology: "check",
  defaults: {
    parallelism: 3,
    lease: "1m",
    retry: { maxAttempts: 3, minDelay: 10, maxDelay: "5m", factor: 2, jitter: 0 },
  },
  overrides: {
    PaymentActor: { enabled: false, failureLimit: { failures: 5, within: "1m", action: "pause", pause: 9 } },
  },
  journal: true,
  health: { port: 8080, host: "0.0.0.0" },
  entries: ["OrderAccepted", "Invoices-Invoices"],
  logLevel: "warn",
  stopDeadline: "20s",
});

test("the schema takes what the command line takes", () => {
  for (const config of [{}, full, { $schema: "./config.json", overrides: "./overrides.yaml" }]) {
    assert.equal(configProblems(config), []);
    assert.ok(validate(config), JSON.stringify(validate.errors));
  }
});

for (const wrong of [
  { providers: "sqlite:" },
  { provider: "sqlite" },
  { modules: "src/actors.ts" },
  { modules: [""] },
  { topology: "make" },
  { defaults: { parallelism: 0 } },
  { defaults: { lease: "a minute" } },
  { defaults: { retries: 3 } },
  { defaults: { retry: { jitter: 2 } } },
  { overrides: { PaymentActor: { enable: true } } },
  { overrides: { PaymentActor: { failureLimit: { failures: 1 } } } },
  { overrides: 5 },
  { journal: "yes" },
  { health: { port: 70_000 } },
  { entries: ["a b"] },
  { logLevel: "loud" },
  { stopDeadline: -1 },
]) {
  test(`the schema refuses ${JSON.stringify(wrong)} as the command line does`, () => {
    assert.ok(configProblems(wrong).length > 0);
    assert.not(validate(wrong));
  });
}

test("the schema describes every setting", () => {
  const { properties } = schema as { properties: Record<string, { description?: string }> };
  assert.equal(Object.keys(properties).toSorted(), ["$schema", ...Object.keys(full)].toSorted());
});

test.run();
