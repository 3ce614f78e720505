import { Ajv } from "ajv";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { z } from "zod";
import { exampleOf } from "../../../../src/analysis/graph/async-api/example-of.ts";
import { jsonSchemaOf, type JsonSchema } from "../../../../src/analysis/graph/json-schema.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("examples of schemas", { timeoutMs: 30_000 });
const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });

function exampleFor(schema: z.ZodType): { readonly value: unknown } | undefined {
  const told = jsonSchemaOf(schema, "#") ?? {};
  return exampleOf(told, told);
}

const leaf = fc.constantFrom<z.ZodType>(
  z.string(),
  z.string().min(3).max(5),
  z.string().regex(/^a+$/),
  z.uuid(),
  z.email(),
  z.url(),
  z.iso.date(),
  z.iso.datetime(),
  z.ipv4(),
  z.int().min(7),
  z.int().lt(0),
  z.number().gt(0).lt(1),
  z.number().multipleOf(0.25).min(10),
  z.boolean(),
  z.null(),
  z.literal("card"),
  z.enum(["b", "a"]),
  z.unknown(),
  z.never(),
  z.templateLiteral(["a-", z.int()]),
);
const { schema: anySchema } = fc.letrec<{ schema: z.ZodType }>((tie) => ({
  schema: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc
      .dictionary(fc.constantFrom("a", "b", "__proto__", "c"), tie("schema"), { maxKeys: 3 })
      .map((shape) => z.object(shape)),
    tie("schema").map((one) => z.array(one)),
    tie("schema").map((one) => z.array(one).min(2).max(3)),
    tie("schema").map((one) => one.optional()),
    tie("schema").map((one) => one.nullable()),
    tie("schema").map((one) => z.record(z.string(), one)),
    fc.tuple(tie("schema"), tie("schema")).map(([one, other]) => z.tuple([one, other])),
    fc.tuple(tie("schema"), tie("schema")).map((both) => z.union(both)),
  ),
}));

test("an example is valid by its schema, whatever the schema", () => {
  let made = 0;
  fc.assert(
    fc.property(anySchema, (schema) => {
      const told = jsonSchemaOf(schema, "#");
      const example = told && exampleOf(told, told);
      if (!told || !example) return;
      made++;
      assert.ok(ajv.validate(told, example.value), `${JSON.stringify(told)} refuses ${JSON.stringify(example.value)}`);
    }),
    { numRuns: 1_000 },
  );
  assert.ok(made > 300, `only ${made} schemas have an example`);
});

test("the same schema has the same example", () => {
  const schema = z.object({ id: z.uuid(), at: z.iso.datetime(), lines: z.array(z.object({ price: z.number() })) });
  assert.equal(exampleFor(schema), {
    value: {
      id: "123e4567-e89b-42d3-a456-426614174000",
      at: "2026-01-31T12:00:00Z",
      lines: [{ price: 1 }],
    },
  });
  assert.equal(exampleFor(schema), exampleFor(schema));
});

test("values, defaults and examples of parts are taken as they are", () => {
  const schema = z.object({
    kind: z.enum(["invoice", "card"]),
    size: z.int().default(42),
    sku: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .meta({ examples: ["ABC"] }),
  });
  assert.equal(exampleFor(schema), { value: { kind: "invoice", size: 42, sku: "ABC" } });
});

test("an optional part without an example is left out", () => {
  assert.equal(exampleFor(z.object({ id: z.string(), code: z.string().regex(/^\d+$/).optional() })), {
    value: { id: "text" },
  });
});

test("a required part without an example leaves the whole without one", () => {
  assert.is(exampleFor(z.object({ code: z.string().regex(/^\d+$/) })), undefined);
});

test("a schema that contains itself ends, not repeated without end", () => {
  const tree = z.object({
    name: z.string(),
    get children() {
      return z.array(tree);
    },
    get parent() {
      return tree.optional();
    },
  });
  const within = { name: "text", children: [] };
  assert.equal(exampleFor(tree), { value: { name: "text", children: [within], parent: within } });
});

test("schemas that lead nowhere, or only to themselves, have no example", () => {
  const of = (schema: JsonSchema): unknown => exampleOf(schema, schema);
  assert.is(of({ $ref: "#/nowhere" }), undefined);
  assert.is(of({ $ref: "#/definitions/a", definitions: { a: { allOf: [{ $ref: "#/definitions/a" }] } } }), undefined);
  assert.is(of({ type: "string", contains: {} }), undefined);
});

test("parts of an intersection are put together", () => {
  const both = z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() }));
  assert.equal(exampleFor(both), { value: { a: "text", b: 1 } });
});

test.run();
