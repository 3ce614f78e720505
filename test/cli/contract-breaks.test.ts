import { create, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { avro } from "beehive-actors/avro";
import { jsonSchema } from "beehive-actors/json-schema";
import { protobuf } from "beehive-actors/protobuf";
import { eventType } from "beehive-actors";
import { writeFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { z } from "zod";
import { contractBreaks, contractIn, formatsIn } from "../../src/cli/schemas/contract-breaks.ts";
import { UsageError } from "../../src/cli/exit-code.ts";
import { asyncApi, type RegisteredSchema } from "../../src/analysis/graph/async-api/index.ts";
import { cli, folderWith, root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";
import { actorOf, graphOf } from "../unit/analysis/graph/graphs.ts";

const test = suite("beehive graph --against", { timeoutMs: 60_000 });
const formats = [jsonSchema(), avro(), protobuf()];
const info = { title: "shop", version: "1.0.0" };

type Contract = ReturnType<typeof contractIn>;

async function contract(schema: z.ZodType, topic = "Placed"): Promise<Contract> {
  const graph = await graphOf([actorOf("Payment", { [`${topic}-Payment`]: ["Paid"] })], {
    eventTypes: [eventType(topic, schema, { entry: true })],
  });
  return contractIn("asyncapi.yaml", asyncApi(graph, info));
}

/** Returns the contract of `Placed` with a schema of a registry. */
async function registered(payload: RegisteredSchema["payload"]): Promise<Contract> {
  const graph = await graphOf([actorOf("Payment", { "Placed-Payment": [] })]);
  const schemas = new Map([["Placed", { contentType: "application/octet-stream", payload }]]);
  return contractIn("asyncapi.yaml", asyncApi(graph, info, { schemas }));
}

function protobufOf(name: string, type: Type): RegisteredSchema["payload"] {
  const messageType = [{ name: "Placed", field: [{ name, number: 1, type, label: Label.OPTIONAL }] }];
  const set = create(FileDescriptorSetSchema, { file: [{ name: "placed.proto", syntax: "proto3", messageType }] });
  return {
    schemaFormat: "application/vnd.google.protobuf;version=3",
    schema: "",
    "x-descriptor-set": Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64"),
  };
}

function avroOf(...fields: readonly object[]): RegisteredSchema["payload"] {
  return {
    schemaFormat: "application/vnd.apache.avro;version=1.9.0",
    schema: { type: "record", name: "Placed", fields },
  };
}

const id = z.string();

test("the same contract breaks nobody, nor does an optional field", async () => {
  const before = await contract(z.object({ id }));
  assert.equal(contractBreaks(before, await contract(z.object({ id })), formats), []);
  assert.equal(contractBreaks(before, await contract(z.object({ id, note: id.optional() })), formats), []);
});

test("a field that one side cannot read is named, and the side", async () => {
  const before = await contract(z.object({ id, kind: z.enum(["a", "b"]) }));
  const after = await contract(z.object({ id, kind: z.enum(["a"]), currency: id }));
  assert.equal(contractBreaks(before, after, formats), [
    "Placed: `currency` is new and has no default: this application cannot read events from before",
    'Placed: `kind` has no longer the value "b": this application cannot read events from before',
  ]);
  assert.equal(contractBreaks(after, before, formats), [
    "Placed: `currency` is gone and had no default: others cannot read new events",
    'Placed: `kind` has now the value "b": others cannot read new events',
  ]);
});

test("a topic that is gone is named", async () => {
  const before = await contract(z.object({ id }));
  assert.equal(contractBreaks(before, await contract(z.object({ id }), "Ordered"), formats), ["Placed- is gone"]);
});

/** Changes of a body, each with what breaks. */
const changes: Readonly<Record<string, readonly [before: z.ZodType, after: z.ZodType, breaks: readonly string[]]>> = {
  "a new required field": [
    z.object({ id }),
    z.object({ id, note: id }),
    ["Placed: `note` is new and has no default: this application cannot read events from before"],
  ],
  "a field that is required now": [
    z.object({ id: id.optional() }),
    z.object({ id }),
    ["Placed: `id` is required now: this application cannot read events from before"],
  ],
  "a field that is gone": [
    z.object({ id, note: id }),
    z.object({ id }),
    ["Placed: `note` is gone and had no default: others cannot read new events"],
  ],
  "a renamed field": [
    z.object({ orderId: id }),
    z.object({ id }),
    [
      "Placed: `id` is new and has no default: this application cannot read events from before",
      "Placed: `orderId` is gone and had no default: others cannot read new events",
    ],
  ],
  "another type within an array": [
    z.object({ lines: z.array(z.object({ price: z.number() })) }),
    z.object({ lines: z.array(z.object({ price: id })) }),
    [
      "Placed: `lines[].price` changes from number to string: this application cannot read events from before",
      "Placed: `lines[].price` changes from number to string: others cannot read new events",
    ],
  ],
  "a field that may be null now": [
    z.object({ id }),
    z.object({ id: id.nullable() }),
    ["Placed: `id` changes from string to null: others cannot read new events"],
  ],
  "a value of an enum that is gone": [
    z.object({ kind: z.enum(["a", "b"]) }),
    z.object({ kind: z.enum(["a"]) }),
    ['Placed: `kind` has no longer the value "b": this application cannot read events from before'],
  ],
  "a new limit": [
    z.object({ id }),
    z.object({ id: id.max(5) }),
    ["Placed: `id` has the limit maxLength 5: this application cannot read events from before"],
  ],
  "a renamed partition key": [
    z.object({ id, customerId: id }).meta({ "x-partition-key": "customerId" }),
    z.object({ id, customerId: id }).meta({ "x-partition-key": "id" }),
    ["Placed: its partition key changes from `customerId` to `id`: readers lose the order of events"],
  ],
  "a partition key that is gone": [
    z.object({ id }).meta({ "x-partition-key": "id" }),
    z.object({ id }),
    ["Placed: its partition key changes from `id` to none: readers lose the order of events"],
  ],
  "a partition key that is named for the first time": [
    z.object({ id }),
    z.object({ id }).meta({ "x-partition-key": "id" }),
    [],
  ],
  "a description": [z.object({ id }), z.object({ id: id.describe("of the order") }), []],
};

for (const [what, [before, after, breaks]] of Object.entries(changes))
  test(`${what}: ${breaks.length === 0 ? "breaks nobody" : "is named"}`, async () => {
    assert.equal(contractBreaks(await contract(before), await contract(after), formats), breaks);
  });

test("a schema that is gone is named: others cannot read anything", async () => {
  const before = await contract(z.object({ id }));
  const after = contractIn("a", asyncApi(await graphOf([actorOf("Payment", { "Placed-Payment": ["Paid"] })]), info));
  const [first = ""] = contractBreaks(before, after, formats);
  assert.match(first, /^Placed: the body changes? .*: others cannot read new events$/);
});

test("a body of Avro is compared by Avro's rules", async () => {
  const text = { name: "id", type: "string" };
  const before = await registered(avroOf(text));
  assert.equal(
    contractBreaks(before, await registered(avroOf(text, { ...text, name: "note", default: "" })), formats),
    [],
  );
  assert.equal(contractBreaks(before, await registered(avroOf({ name: "id", type: "int" })), formats), [
    "Placed: `id` changes from string to int: this application cannot read events from before",
    "Placed: `id` changes from string to int: others cannot read new events",
  ]);
  assert.equal([...formatsIn(before)], ["avro"]);
});

test("a body of Protobuf is compared by the numbers of its fields", async () => {
  const before = await registered(protobufOf("id", Type.STRING));
  assert.equal(contractBreaks(before, await registered(protobufOf("id", Type.STRING)), formats), []);
  const breaks = contractBreaks(before, await registered(protobufOf("id", Type.INT32)), formats);
  assert.equal(breaks, [
    "Placed: `id` changes from string to int32: this application cannot read events from before",
    "Placed: `id` changes from string to int32: others cannot read new events",
  ]);
});

test("a body that changes its format is named", async () => {
  const before = await registered({ type: "object" });
  assert.equal(contractBreaks(before, await registered(avroOf()), formats), [
    "Placed: the body changes from JSON Schema to Avro",
  ]);
});

test("a topic that gets no events any more is named, though it is read", async () => {
  const reader = actorOf("Ledger", { "Paid-Ledger": [] });
  const of = async (publishes: readonly string[]): Promise<Contract> =>
    contractIn("a", asyncApi(await graphOf([reader, actorOf("Payment", { "Placed-Payment": publishes })]), info));
  assert.equal(contractBreaks(await of(["Paid"]), await of([]), formats), ["Paid- gets no events of this application"]);
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
