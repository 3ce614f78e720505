import { create, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Ajv } from "ajv";
import avsc from "avsc";
import { avro } from "beehive-actors/avro";
import { jsonSchema } from "beehive-actors/json-schema";
import { protobuf } from "beehive-actors/protobuf";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";

const test = suite("checks of schemas, by real encoding and decoding", { timeoutMs: 60_000 });

const numRuns = 200;
const ajv = new Ajv({ strict: false, validateSchema: false });
const names = ["a", "b", "c"];

/** A JSON Schema, and the values that its writers write. */
interface Written {
  readonly schema: object;
  readonly values: fc.Arbitrary<unknown>;
}

const leaves: fc.Arbitrary<Written> = fc.oneof(
  fc.record({ minimum: fc.integer({ min: 0, max: 3 }), whole: fc.boolean() }).map(({ minimum, whole }) => ({
    schema: { type: whole ? "integer" : "number", minimum },
    values: whole ? fc.integer({ min: minimum, max: 9 }) : fc.double({ min: minimum, max: 9, noNaN: true }),
  })),
  fc
    .record({ minLength: fc.integer({ min: 0, max: 2 }), more: fc.integer({ min: 0, max: 2 }) })
    .map(({ minLength, more }) => ({
      schema: { type: "string", minLength, maxLength: minLength + more },
      values: fc.string({ unit: "grapheme-ascii", minLength, maxLength: minLength + more }),
    })),
  fc.subarray(["x", "y", 1, null], { minLength: 1 }).map((values) => ({
    schema: { enum: values },
    values: fc.constantFrom(...values),
  })),
  fc.constantFrom("boolean", "null").map((type) => ({
    schema: { type },
    values: type === "null" ? fc.constant(null) : fc.boolean(),
  })),
);

const { schema: written } = fc.letrec<{ schema: Written }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: leaves, weight: 3 },
    {
      arbitrary: fc
        .array(tie("schema"), { minLength: 1, maxLength: 2 })
        .chain((items) => fc.constantFrom("anyOf", "oneOf").map((kind) => choiceOf(kind, items))),
      weight: 1,
    },
    {
      arbitrary: fc.tuple(tie("schema"), fc.integer({ min: 0, max: 1 })).map(([items, minItems]) => ({
        schema: { type: "array", items: items.schema, minItems, maxItems: 2 },
        values: fc.array(items.values, { minLength: minItems, maxLength: 2 }),
      })),
      weight: 1,
    },
    {
      arbitrary: fc
        .tuple(
          fc.dictionary(fc.constantFrom(...names), tie("schema"), { noNullPrototype: true }),
          fc.subarray(names),
          fc.constantFrom<object | boolean | undefined>(undefined, undefined, false, { type: "integer" }),
        )
        .map(([properties, wanted, additionalProperties]) => objectOf(properties, wanted, additionalProperties)),
      weight: 3,
    },
  ),
}));

function choiceOf(kind: string, items: readonly Written[]): Written {
  const schema = { [kind]: items.map((one) => one.schema) };
  return { schema, values: fc.oneof(...items.map(({ values }) => values)) };
}

function objectOf(
  properties: Record<string, Written>,
  wanted: readonly string[],
  additionalProperties: object | boolean | undefined,
): Written {
  const required = wanted.filter((name) => name in properties);
  const values = fc.record(Object.fromEntries(Object.entries(properties).map(([name, { values: of }]) => [name, of])), {
    requiredKeys: required,
    noNullPrototype: true,
  });
  const more =
    typeof additionalProperties === "object"
      ? fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined })
      : fc.constant(undefined);
  const free = [...names, "d"].find((name) => !(name in properties)) ?? "d";
  return {
    schema: {
      type: "object",
      properties: Object.fromEntries(Object.entries(properties).map(([name, { schema }]) => [name, schema])),
      ...(required.length > 0 && { required }),
      ...(additionalProperties !== undefined && { additionalProperties }),
    },
    values: fc.tuple(values, more).map(([value, one]) => (one === undefined ? value : { ...value, [free]: one })),
  };
}

test("JSON: a reader that is compatible accepts what the writer writes", () => {
  const format = jsonSchema();
  let compatible = 0;
  fc.assert(
    fc.property(written, written, fc.boolean(), (writer, other, same) => {
      const reader = same ? writer : other;
      const problems = format.incompatibilities(JSON.stringify(reader.schema), JSON.stringify(writer.schema), "reader");
      if (problems.length > 0) return;
      compatible++;
      const accepts = ajv.compile(reader.schema);
      const writes = ajv.compile(writer.schema);
      for (const value of fc.sample(writer.values, { numRuns: 10, seed: compatible })) {
        // Of oneOf, a value that several choices allow is none of its values.
        if (!writes(value)) continue;
        assert.ok(accepts(value), JSON.stringify([writer.schema, reader.schema, value]));
      }
    }),
    { numRuns: numRuns * 2 },
  );
  assert.ok(compatible > numRuns / 2);
});

/** Changes of an object that keep, or break, its readers. */
test("JSON: a change of one field is refused only where a body shows it", () => {
  const format = jsonSchema();
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), leaves, { minKeys: 1, noNullPrototype: true }),
      fc.subarray(names),
      fc.constantFrom(...names),
      leaves,
      fc.boolean(),
      (properties, wanted, name, leaf, isRequired) => {
        const writer = objectOf(properties, wanted, undefined);
        const after = { ...properties, [name]: leaf };
        const reader = objectOf(after, isRequired ? [...new Set([...wanted, name])] : wanted, undefined);
        const problems = format.incompatibilities(
          JSON.stringify(reader.schema),
          JSON.stringify(writer.schema),
          "reader",
        );
        if (problems.length === 0) return;
        const accepts = ajv.compile(reader.schema);
        const refused = fc.sample(writer.values, { numRuns: 200, seed: 1 }).some((value) => !accepts(value));
        // Limits of one value more are too rare to be drawn.
        if (!problems.some(({ reason }) => reason.startsWith("has the limit")))
          assert.ok(refused, JSON.stringify([problems, writer.schema, reader.schema]));
      },
    ),
    { numRuns },
  );
});

const avroTypes = fc.letrec<{ type: object | string }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 2 },
    { arbitrary: fc.constantFrom("null", "boolean", "int", "long", "float", "double", "string", "bytes"), weight: 4 },
    { arbitrary: tie("type").map((items) => ({ type: "array", items })), weight: 1 },
    { arbitrary: tie("type").map((values) => ({ type: "map", values })), weight: 1 },
    {
      arbitrary: fc
        .uniqueArray(fc.constantFrom("null", "int", "long", "double", "string", "boolean"), {
          minLength: 1,
          maxLength: 3,
        })
        .map((types) => (types.length === 1 ? (types[0] ?? "null") : types)),
      weight: 2,
    },
  ),
})).type;

const avroRecords = fc
  .uniqueArray(fc.record({ name: fc.constantFrom(...names), type: avroTypes, isNullable: fc.boolean() }), {
    selector: ({ name }) => name,
    maxLength: 3,
  })
  .chain((fields) =>
    fc.uniqueArray(fc.constantFrom("A", "B", "C"), { minLength: 1 }).map((symbols) => ({
      type: "record",
      name: "Order",
      fields: [
        { name: "kind", type: { type: "enum", name: "Kind", symbols } },
        ...fields.map(({ name, type, isNullable }) =>
          isNullable && typeof type === "string" && type !== "null"
            ? { name, type: ["null", type], default: null }
            : { name, type },
        ),
      ],
    })),
  );

test("Avro: the check says what the resolution of avsc does", () => {
  const format = avro();
  let compatible = 0;
  fc.assert(
    fc.property(avroRecords, avroRecords, fc.boolean(), (writer, other, drops) => {
      // Readers that differ in one field are compatible more often.
      const fields = drops ? writer.fields.slice(0, -1) : other.fields;
      const reader = { ...other, fields };
      const problems = format.incompatibilities(JSON.stringify(reader), JSON.stringify(writer), "reader");
      let resolves = true;
      try {
        const to = avsc.Type.forSchema(reader as avsc.Schema);
        const from = avsc.Type.forSchema(writer as avsc.Schema);
        const resolver = to.createResolver(from);
        for (let n = 0; n < 5; n++) to.fromBuffer(from.toBuffer(from.random()), resolver);
      } catch {
        resolves = false;
      }
      if (problems.length === 0) compatible++;
      assert.is(problems.length === 0, resolves, JSON.stringify([writer, reader, problems]));
    }),
    { numRuns },
  );
  assert.ok(compatible > 20);
});

const scalars = [
  Type.INT32,
  Type.INT64,
  Type.UINT32,
  Type.UINT64,
  Type.SINT32,
  Type.SINT64,
  Type.BOOL,
  Type.STRING,
  Type.BYTES,
  Type.DOUBLE,
];

const protobufFields = fc
  .uniqueArray(
    fc.record({
      number: fc.integer({ min: 1, max: 3 }),
      name: fc.constantFrom(...names),
      type: fc.constantFrom(...scalars),
      label: fc.constantFrom(Label.OPTIONAL, Label.REPEATED),
    }),
    { selector: ({ number }) => number, comparator: "IsStrictlyEqual", maxLength: 3 },
  )
  .filter((fields) => new Set(fields.map(({ name }) => name)).size === fields.length);

type ProtobufFields = typeof protobufFields extends fc.Arbitrary<infer T> ? T : never;

function descriptorSet(fields: ProtobufFields): string {
  const named = fields.map((field) => ({ ...field, jsonName: field.name }));
  const file = [{ name: "order.proto", syntax: "proto3", messageType: [{ name: "Order", field: named }] }];
  return Buffer.from(toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }))).toString("base64");
}

const samples: Readonly<Partial<Record<Type, unknown>>> = {
  [Type.INT32]: -7,
  [Type.INT64]: "-7000000000",
  [Type.UINT32]: 4_000_000_000,
  [Type.UINT64]: "7000000000",
  [Type.SINT32]: -7,
  [Type.SINT64]: "-7000000000",
  [Type.BOOL]: true,
  [Type.STRING]: "text",
  [Type.BYTES]: "/w==",
  [Type.DOUBLE]: 0.5,
};

test("Protobuf: a reader that is compatible reads each field of the writer", () => {
  const format = protobuf();
  let compatible = 0;
  fc.assert(
    fc.property(protobufFields, protobufFields, fc.boolean(), (writer, other, drops) => {
      const reader = drops ? writer.slice(1) : other;
      if (format.incompatibilities(descriptorSet(reader), descriptorSet(writer), "reader").length > 0) return;
      compatible++;
      const body = Object.fromEntries(
        writer.map(({ name, type, label }) => [name, label === Label.REPEATED ? [samples[type]] : samples[type]]),
      );
      const from = format.compile(descriptorSet(writer));
      const bytes = from.encode(body) as Uint8Array;
      const read = JSON.parse(from.decode(bytes, format.compile(descriptorSet(reader)))) as Record<string, unknown>;
      for (const { name, number } of reader) {
        if (!writer.some((one) => one.number === number)) continue;
        assert.is(
          String(read[name]),
          valueIn(String(body[name]), reader, number),
          JSON.stringify([writer, reader, read]),
        );
      }
    }),
    { numRuns },
  );
  assert.ok(compatible > 20);
});

/** Bytes read as a text differ in JSON, and true is the number 1. */
function valueIn(value: string, reader: ProtobufFields, number: number): string {
  const type = reader.find((one) => one.number === number)?.type;
  if (type === Type.BYTES && value === "text") return Buffer.from("text").toString("base64");
  return type === Type.INT32 && value === "true" ? "1" : value;
}

test.run();
