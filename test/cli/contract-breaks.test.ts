import { jsonSchema } from "beehive-actors/json-schema";
import { eventType } from "beehive-actors";
import { writeFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { z } from "zod";
import { contractBreaks, contractIn } from "../../src/cli/schemas/contract-breaks.ts";
import { UsageError } from "../../src/cli/exit-code.ts";
import { asyncApi } from "../../src/analysis/graph/async-api/index.ts";
import { cli, folderWith, root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";
import { actorOf, graphOf } from "../unit/analysis/graph/graphs.ts";

const test = suite("beehive graph --against", { timeoutMs: 60_000 });
const info = { title: "shop", version: "1.0.0" };

async function contract(schema: z.ZodType, topic = "Placed"): Promise<ReturnType<typeof contractIn>> {
  const graph = await graphOf([actorOf("Payment", { [`${topic}-Payment`]: ["Paid"] })], {
    eventTypes: [eventType(topic, schema, { entry: true })],
  });
  return contractIn("asyncapi.yaml", asyncApi(graph, info));
}

const id = z.string();

test("the same contract breaks nobody, nor does an optional field", async () => {
  const before = await contract(z.object({ id }));
  assert.equal(contractBreaks(before, await contract(z.object({ id })), jsonSchema()), []);
  assert.equal(contractBreaks(before, await contract(z.object({ id, note: id.optional() })), jsonSchema()), []);
});

test("a field that one side cannot read is named, and the side", async () => {
  const before = await contract(z.object({ id, kind: z.enum(["a", "b"]) }));
  const after = await contract(z.object({ id, kind: z.enum(["a"]), currency: id }));
  assert.equal(contractBreaks(before, after, jsonSchema()), [
    "Placed: `currency` is new and has no default: this application cannot read events from before",
    'Placed: `kind` has no longer the value "b": this application cannot read events from before',
  ]);
  assert.equal(contractBreaks(after, before, jsonSchema()), [
    "Placed: `currency` is gone and had no default: others cannot read new events",
    'Placed: `kind` has now the value "b": others cannot read new events',
  ]);
});

test("a topic that is gone is named", async () => {
  const before = await contract(z.object({ id }));
  assert.equal(contractBreaks(before, await contract(z.object({ id }), "Ordered"), jsonSchema()), ["Placed- is gone"]);
});

test("examples of a schema are those of the message", async () => {
  const text = JSON.stringify(await contract(z.object({ id }).meta({ examples: [{ id: "1" }] })));
  assert.match(text, '"examples":[{"payload":{"id":"1"}}]');
});

test("another file is refused", () => {
  for (const text of ["asyncapi: 2.6.0", "7", "a: [", ""])
    assert.throws(
      () => contractIn("a.yaml", text),
      (error: unknown) => error instanceof UsageError,
    );
});

test("a break ends with 1", async () => {
  using folder = folderWith();
  const module = `${root}/test/unit/analysis/graph/web.ts`;
  await cli(["graph", module, "--output", folder.at("asyncapi.yaml")]);
  const against = ["graph", module, "--against", folder.at("asyncapi.yaml")];
  assert.equal(await cli(against), { code: 0, stdout: "", stderr: "No change breaks other teams.\n" });
  writeFileSync(folder.at("asyncapi.yaml"), "asyncapi: 3.0.0\nchannels: { Lost: { address: Lost- } }\n");
  const { code, stdout } = await cli(against);
  assert.equal([code, stdout], [1, "Lost- is gone\n"]);
});

test.run();
