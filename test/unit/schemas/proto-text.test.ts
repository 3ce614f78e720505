import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import * as assert from "uvu/assert";
import { protoText } from "../../../src/schemas/protobuf/proto-text.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("the text of Protobuf");

type Files = NonNullable<MessageInitShape<typeof FileDescriptorSetSchema>["file"]>;

const set = (...file: Files): string =>
  Buffer.from(toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }))).toString("base64");
const field = (number: number, name: string, type: Type, more: object = {}): object => ({
  number,
  name,
  type,
  label: Label.OPTIONAL,
  ...more,
});

test("messages, enums, oneofs, maps and reserved numbers are written", () => {
  const schema = set({
    name: "order.proto",
    package: "shop",
    syntax: "proto3",
    enumType: [
      {
        name: "Kind",
        value: [
          { name: "KIND_NONE", number: 0 },
          { name: "CARD", number: 1 },
        ],
      },
    ],
    messageType: [
      {
        name: "Order",
        field: [
          field(1, "id", Type.STRING),
          field(2, "lines", Type.MESSAGE, { label: Label.REPEATED, typeName: ".shop.Order.Line" }),
          field(3, "kind", Type.ENUM, { typeName: ".shop.Kind" }),
          field(4, "labels", Type.MESSAGE, { label: Label.REPEATED, typeName: ".shop.Order.LabelsEntry" }),
          field(5, "card", Type.STRING, { oneofIndex: 0 }),
          field(6, "iban", Type.BYTES, { oneofIndex: 0, options: { deprecated: true } }),
          field(7, "note", Type.SINT64, { oneofIndex: 1, proto3Optional: true }),
        ],
        oneofDecl: [{ name: "payment" }, { name: "_note" }],
        nestedType: [
          { name: "Line", field: [field(1, "sku", Type.STRING)] },
          {
            name: "LabelsEntry",
            options: { mapEntry: true },
            field: [field(1, "key", Type.STRING), field(2, "value", Type.INT64)],
          },
        ],
        reservedRange: [
          { start: 8, end: 9 },
          { start: 20, end: 30 },
        ],
        reservedName: ["gone"],
      },
    ],
  });
  assert.equal(protoText(schema), {
    version: 3,
    text: `syntax = "proto3";
package shop;
enum Kind {
  KIND_NONE = 0;
  CARD = 1;
}
message Order {
  message Line {
    string sku = 1;
  }
  string id = 1;
  repeated .shop.Order.Line lines = 2;
  .shop.Kind kind = 3;
  map<string, int64> labels = 4;
  oneof payment {
    string card = 5;
    bytes iban = 6 [deprecated = true];
  }
  optional sint64 note = 7;
  reserved 8, 20 to 29;
  reserved "gone";
}
`,
  });
});

test("required fields of proto2 are required", () => {
  const schema = set({
    name: "order.proto",
    syntax: "proto2",
    messageType: [
      {
        name: "Order",
        field: [field(1, "id", Type.STRING, { label: Label.REQUIRED }), field(2, "note", Type.STRING)],
      },
    ],
  });
  const { text, version } = protoText(schema);
  assert.is(version, 2);
  assert.match(text, "required string id = 1;");
  assert.match(text, "optional string note = 2;");
});

test("files of the package are within, those of others are imported", () => {
  const schema = set(
    { name: "money.proto", package: "bank", syntax: "proto3", messageType: [{ name: "Money" }] },
    {
      name: "line.proto",
      package: "shop",
      syntax: "proto3",
      dependency: ["money.proto"],
      messageType: [{ name: "Line" }],
    },
    {
      name: "order.proto",
      package: "shop",
      syntax: "proto3",
      dependency: ["line.proto"],
      messageType: [{ name: "Order" }],
    },
  );
  assert.is(
    protoText(schema).text,
    'syntax = "proto3";\npackage shop;\nimport "money.proto";\n// @RootNode\nmessage Order {\n}\nmessage Line {\n}\n',
  );
});

test("a text that is no descriptor set is refused", async () => {
  await throwsCode("InvalidConfiguration", () => protoText("bm90aGluZw=="));
});

test.run();
