import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { protobuf } from "beehive-actors/protobuf";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Protobuf");
const format = protobuf();

type Files = NonNullable<MessageInitShape<typeof FileDescriptorSetSchema>["file"]>;
type Field = NonNullable<NonNullable<NonNullable<Files[number]["messageType"]>[number]["field"]>[number]>;

const set = (file: Files): string =>
  Buffer.from(toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }))).toString("base64");
const field = (number: number, name: string, type: Type, more: object = {}): Field => ({
  number,
  name,
  jsonName: name,
  type,
  label: Label.OPTIONAL,
  ...more,
});
const order = (...fields: readonly Field[]): string =>
  set([
    {
      name: "line.proto",
      package: "shop",
      syntax: "proto3",
      messageType: [{ name: "Line", field: [field(1, "sku", Type.STRING)] }],
    },
    {
      name: "order.proto",
      package: "shop",
      syntax: "proto3",
      dependency: ["line.proto"],
      messageType: [{ name: "Order", field: [...fields] }],
    },
  ]);
const id = field(1, "id", Type.STRING);
const lines = field(2, "lines", Type.MESSAGE, { label: Label.REPEATED, typeName: ".shop.Line" });

test("a body is the JSON of Protobuf, and small bytes as it travels", () => {
  const schema = format.compile(order(id, lines, field(3, "count", Type.INT64), field(4, "seal", Type.BYTES)));
  const value = { id: "ü-1", lines: [{ sku: "a" }], count: "9007199254740993", seal: "/wA=" };
  const bytes = schema.encode(value) as Uint8Array;
  // As `protoc --encode` writes it: field 1 is a text of four bytes.
  assert.is(Buffer.from(bytes).toString("hex"), "0a04c3bc2d3112030a01611881808080808080102202ff00");
  assert.equal(JSON.parse(schema.decode(bytes)), value);
});

test("a reader leaves out the fields that it does not know", () => {
  const bytes = format.compile(order(id, lines)).encode({ id: "1", lines: [{ sku: "a" }] }) as Uint8Array;
  assert.is(format.compile(order(id, lines)).decode(bytes, format.compile(order(id))), '{"id":"1"}');
});

test("errors hold no value", async () => {
  const schema = format.compile(order(id));
  for (const wrong of [{ id: 123_456 }, { secret: 1 }, "secret", null]) {
    const error = await throwsCode("InvalidEvent", () => schema.encode(wrong));
    assert.match(error.message, /^Its schema forbids the body: /);
    assert.not.match(error.message, /123456/);
  }
  await throwsCode("BodyUnreadable", () => schema.decode(new Uint8Array([255])));
  for (const text of ["", "secret", Buffer.from("secret").toString("base64"), set([])])
    await throwsCode("InvalidConfiguration", () => format.compile(text));
});

const changes: Readonly<Record<string, readonly [before: readonly Field[], after: readonly Field[], reason: string]>> =
  {
    "a new field": [[id], [id, lines], ""],
    "a field that is gone": [[id, lines], [id], ""],
    "another type": [[id], [field(1, "id", Type.INT32)], "id changes from string to int32"],
    "a wider number": [[field(1, "n", Type.INT32)], [field(1, "n", Type.INT64)], ""],
    "a narrower number": [[field(1, "n", Type.INT64)], [field(1, "n", Type.INT32)], "n changes from int64 to int32"],
    "a number that is used again": [
      [id],
      [field(1, "note", Type.STRING)],
      "note has the number 1, which is `id` as well",
    ],
    "a list": [
      [id],
      [field(1, "id", Type.STRING, { label: Label.REPEATED })],
      "id changes from string to repeated string",
    ],
  };

for (const [name, [before, after, reason]] of Object.entries(changes))
  test(`the check judges ${name}`, () => {
    const problems = format.incompatibilities(order(...after), order(...before), "reader");
    assert.is(problems.map(({ path, reason: why }) => `${path} ${why}`).join("; "), reason);
  });

test.run();
