import { jsonSchema } from "beehive-actors/json-schema";
import { incompatibilities } from "beehive-actors/schemas";
import * as assert from "uvu/assert";
import { z } from "zod";
import { jsonSchemaOf } from "../../../src/analysis/graph/json-schema.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("JSON Schema");
const format = jsonSchema();
const order = { id: z.string() };

const schemaOf = (schema: z.ZodType): string => JSON.stringify(jsonSchemaOf(schema, "#"));
const found = (problems: readonly { path: string; reason: string }[]): string =>
  problems.map(({ path, reason }) => `${path} ${reason}`).join("; ");

const changes: Readonly<
  Record<string, readonly [before: z.ZodType, after: z.ZodType, backward: string, forward: string]>
> = {
  "a required field": [
    z.object(order),
    z.object({ ...order, currency: z.string() }),
    "currency is new and has no default",
    "",
  ],
  "a field with a default": [z.object(order), z.object({ ...order, currency: z.string().default("EUR") }), "", ""],
  "an optional field": [z.object(order), z.object({ ...order, note: z.string().optional() }), "", ""],
  "a field that is gone": [
    z.object({ ...order, note: z.string() }),
    z.object(order),
    "",
    "note is gone and had no default",
  ],
  "a field that a strict object refuses": [
    z.strictObject(order),
    z.strictObject({ ...order, note: z.string().optional() }),
    "",
    "note is new, and other fields are refused",
  ],
  "an optional field that is required": [
    z.object({ id: z.string().optional() }),
    z.object(order),
    "id is required now",
    "",
  ],
  "another type": [
    z.object({ total: z.number() }),
    z.object({ total: z.string() }),
    "total changes from number to string",
    "total changes from number to string",
  ],
  "a value of an enum": [
    z.object({ kind: z.enum(["a"]) }),
    z.object({ kind: z.enum(["a", "b"]) }),
    "",
    'kind has now the value "b"',
  ],
  "a limit": [
    z.object({ count: z.number().min(0) }),
    z.object({ count: z.number().min(1) }),
    "count has the limit minimum 1",
    "",
  ],
  "a field of an item": [
    z.object({ lines: z.array(z.object({})) }),
    z.object({ lines: z.array(z.object({ sku: z.string() })) }),
    "lines[].sku is new and has no default",
    "",
  ],
  "a choice": [
    z.discriminatedUnion("by", [z.object({ by: z.literal("card") }), z.object({ by: z.literal("cash") })]),
    z.discriminatedUnion("by", [z.object({ by: z.literal("card") })]),
    'by has no longer the value "cash"',
    "",
  ],
  "a record": [
    z.record(z.string(), z.number()),
    z.record(z.string(), z.string()),
    "* changes from number to string",
    "* changes from number to string",
  ],
};

for (const [name, [before, after, backward, forward]] of Object.entries(changes))
  test(`the check names ${name}`, () => {
    assert.is(found(format.incompatibilities(schemaOf(after), schemaOf(before), "reader")), backward);
    assert.is(found(format.incompatibilities(schemaOf(before), schemaOf(after), "writer")), forward);
  });

test("a schema that refers to itself is compared once", () => {
  const tree = (more: object): z.ZodType => {
    const node: z.ZodType = z.object({ name: z.string(), ...more, children: z.array(z.lazy(() => node)) });
    return node;
  };
  assert.is(found(format.incompatibilities(schemaOf(tree({})), schemaOf(tree({})), "reader")), "");
  const problems = format.incompatibilities(schemaOf(tree({ size: z.number() })), schemaOf(tree({})), "reader");
  assert.is(problems[0]?.reason, "is new and has no default");
});

test("a change that cannot be judged is no compatible one", () => {
  const reader = '{"type":"object","if":{"required":["a"]},"then":{"required":["b"]}}';
  const [problem] = format.incompatibilities(reader, JSON.stringify({ type: "object" }), "reader");
  assert.is(problem?.reason, "cannot be judged, because if changes");
});

test("each mode holds a version against those before it", () => {
  const [one, two, three] = [z.object(order), z.object({ ...order, n: z.number() }), z.object({ ...order })].map(
    schemaOf,
  );
  const versions = [one, two].map((schema = "", index) => ({
    subject: "OrderPlaced",
    version: index + 1,
    id: `OrderPlaced/${index + 1}`,
    format: "json" as const,
    schema,
  }));
  const next = { subject: "OrderPlaced", format: "json" as const, schema: three ?? "" };
  const check = (mode: Parameters<typeof incompatibilities>[2], schema = next.schema): readonly string[] =>
    incompatibilities({ ...next, schema }, versions, mode, [format]);
  assert.equal(check("backward-transitive"), []);
  assert.equal(check("none", "false"), []);
  const gone = "`n` is gone and had no default: readers of version 2 cannot read new events";
  assert.equal([check("forward"), check("full"), check("full-transitive")], [[gone], [gone], [gone]]);
  const required = schemaOf(z.object({ ...order, n: z.number(), m: z.number() }));
  assert.equal(check("backward-transitive", required), [
    "`n` is new and has no default: readers of version 3 cannot read events of version 1",
    "`m` is new and has no default: readers of version 3 cannot read events of version 1",
    "`m` is new and has no default: readers of version 3 cannot read old events",
  ]);
  assert.equal(check("backward", required), [
    "`m` is new and has no default: readers of version 3 cannot read old events",
  ]);
});

test("a text that is no JSON Schema is refused", async () => {
  for (const schema of ["{", "7", '{"type":7}', '{"$ref":"#/nowhere"}'])
    await throwsCode("InvalidConfiguration", () => format.compile(schema));
});

test.run();
