import { avro } from "beehive-actors/avro";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Avro");
const format = avro();

/** Written by the library of Apache for Python: avro 1.12.0, `DatumWriter(schema).write(order, BinaryEncoder(out))`. */
const python = {
  schema: {
    type: "record",
    name: "Order",
    namespace: "shop",
    fields: [
      { name: "id", type: "string" },
      { name: "total", type: "double" },
      { name: "count", type: "long" },
      { name: "note", type: ["null", "string"], default: null },
      { name: "kind", type: { type: "enum", name: "Kind", symbols: ["NEW", "USED"] } },
      {
        name: "lines",
        type: {
          type: "array",
          items: {
            type: "record",
            name: "Line",
            fields: [
              { name: "sku", type: "string" },
              { name: "seal", type: "bytes" },
            ],
          },
        },
      },
      { name: "tags", type: { type: "map", values: "int" } },
    ],
  },
  hex: "08c3bc2d310000000000803340fcffffffffffff1f020e66726167696c650202026104ff00000202780100",
  value: {
    id: "ü-1",
    total: 19.5,
    count: 9_007_199_254_740_990,
    note: "fragile",
    kind: "USED",
    lines: [{ sku: "a", seal: "/wA=" }],
    tags: { x: -1 },
  },
};
const bytes = Buffer.from(python.hex, "hex");

test("a record that the library for Python wrote is read, and written alike", () => {
  const schema = format.compile(JSON.stringify(python.schema));
  assert.equal(JSON.parse(schema.decode(bytes)), python.value);
  assert.is(Buffer.from(schema.encode(python.value) as Uint8Array).toString("hex"), python.hex);
});

test("a reader resolves the schema of the writer", () => {
  const [id, total] = python.schema.fields;
  const fields = [
    id,
    { ...total, name: "sum", aliases: ["total"] },
    { name: "currency", type: "string", default: "EUR" },
  ];
  const reader = format.compile(JSON.stringify({ ...python.schema, fields }));
  const writer = format.compile(JSON.stringify(python.schema));
  assert.equal(JSON.parse(writer.decode(bytes, reader)), { id: "ü-1", sum: 19.5, currency: "EUR" });
});

test("errors name the field, and hold no value", async () => {
  const schema = format.compile(JSON.stringify(python.schema));
  const wrong = { ...python.value, note: 7, kind: "secret", lines: [{ sku: "a", seal: "not base64!" }] };
  const error = await throwsCode("InvalidEvent", () => schema.encode(wrong));
  assert.is(
    error.message,
    "Its schema forbids the body: `note` is no value of its union; `kind` is no shop.Kind; `lines.0.seal` is no base64.",
  );
  const more = await throwsCode("InvalidEvent", () => schema.encode({ ...python.value, extra: "secret" }));
  assert.match(more.message, "`extra` is not in it.");
  assert.not.match(more.message, "secret");
  await throwsCode("BodyUnreadable", () => schema.decode(bytes.subarray(0, 9)));
  await throwsCode("InvalidConfiguration", () => format.compile('{"type":"recrd"}'));
  await throwsCode("InvalidConfiguration", () => format.compile("{"));
});

const record = (...fields: readonly object[]): string => JSON.stringify({ type: "record", name: "Order", fields });
const text = { name: "id", type: "string" };
const kinds = (...symbols: readonly string[]): object => ({
  name: "kind",
  type: { type: "enum", name: "Kind", symbols },
});

const changes: Readonly<Record<string, readonly [before: string, after: string, backward: string, forward: string]>> = {
  "a field without a default": [
    record(text),
    record(text, { name: "currency", type: "string" }),
    "currency is new and has no default",
    "",
  ],
  "a field that is gone": [
    record(text, { name: "note", type: "string" }),
    record(text),
    "",
    "note is gone and had no default",
  ],
  "another type": [
    record({ name: "total", type: "int" }),
    record({ name: "total", type: "string" }),
    "total changes from int to string",
    "total changes from int to string",
  ],
  "a wider number": [
    record({ name: "total", type: "int" }),
    record({ name: "total", type: "long" }),
    "",
    "total changes from int to long",
  ],
  "a value of an enum": [record(kinds("A")), record(kinds("A", "B")), "", "kind has now the value B"],
  "a type of a union": [
    record({ name: "to", type: ["null", "string"] }),
    record({ name: "to", type: ["null", "string", "int"] }),
    "",
    "to can now be int",
  ],
  "a field of an item": [
    record({ name: "lines", type: { type: "array", items: { type: "record", name: "Line", fields: [] } } }),
    record({ name: "lines", type: { type: "array", items: { type: "record", name: "Line", fields: [text] } } }),
    "lines[].id is new and has no default",
    "",
  ],
};

for (const [name, [before, after, backward, forward]] of Object.entries(changes))
  test(`the check names ${name}`, () => {
    const found = (problems: readonly { path: string; reason: string }[]): string =>
      problems.map(({ path, reason }) => `${path} ${reason}`).join("; ");
    assert.is(found(format.incompatibilities(after, before, "reader")), backward);
    assert.is(found(format.incompatibilities(before, after, "writer")), forward);
  });

test.run();
