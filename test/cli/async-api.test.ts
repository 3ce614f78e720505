import specs from "@asyncapi/specs";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Ajv } from "ajv";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { asyncApi } from "../../src/analysis/graph/async-api/index.ts";
import { loadApplication, type Application } from "../../src/cli/application.ts";
import { asyncApiParts } from "../../src/cli/async-api-parts.ts";
import { UsageError } from "../../src/cli/exit-code.ts";
import { graphOf } from "../../src/cli/graph-source.ts";
import { folderWith } from "../support/cli.ts";
import { assertGolden } from "../support/golden.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive graph --format asyncapi", { timeoutMs: 30_000 });
const clouds = ["aws:?region=eu-west-1&prefix=shop", "azure:", "postgres://worker:hunter2@db.example:5433/shop"];
const isAsyncApi = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(
  specs.schemasWithoutId["3.1.0"] as object,
);
let application: Application;
using folder = folderWith();

test.before(async () => {
  application = await loadApplication([fileURLToPath(import.meta.resolve("./async-api-shop.ts"))], {
    origins: {},
    file: undefined,
  });
  writeSchemas(folder.at("schemas"));
});

async function document(urls: readonly string[], schemas?: string): Promise<string> {
  const graph = await graphOf(application, undefined);
  return asyncApi(graph, { title: "shop", version: "1.0.0" }, await asyncApiParts(application, urls, schemas));
}

test("servers, bindings, examples and schemas are as in the golden file", async () => {
  const text = await document(clouds, folder.at("schemas"));
  await assertGolden("graph/shop.yaml", text);
  assert.ok(isAsyncApi(parse(text)), JSON.stringify(isAsyncApi.errors, undefined, 2));
});

test("no user, password or option of a provider is in the document", async () => {
  const text = await document(
    ["postgres://worker:hunter2@db.example/shop?sslkey=hunter3", "aws:?endpoint=http://user:hunter2@localhost:4566"],
    undefined,
  );
  assert.not.match(text, /worker|hunter|user|sslkey/);
  assert.match(text, "host: db.example\n");
  assert.match(text, "host: localhost:4566\n");
});

test("what a URL does not tell is a variable of the server", async () => {
  const { servers } = parse(await document(["aws", "azure", "postgresql:///shop"])) as {
    readonly servers: Readonly<Record<string, { readonly host: string; readonly variables?: object }>>;
  };
  assert.equal(
    ["sns", "sqs", "servicebus", "postgres"].map((name) => servers[name]?.host),
    ["sns.{region}.amazonaws.com", "sqs.{region}.amazonaws.com", "{namespace}.servicebus.windows.net", "{host}"],
  );
  for (const { host, variables = {} } of Object.values(servers))
    assert.equal(
      [...host.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      Object.keys(variables),
    );
});

test("two regions are two servers of each channel", async () => {
  const { servers, channels } = parse(await document(["aws:?region=eu-west-1", "aws:?region=us-east-1"])) as {
    readonly servers: object;
    readonly channels: { readonly Letters: { readonly servers: readonly object[] } };
  };
  assert.equal(Object.keys(servers).slice(0, 4), ["sns", "sqs", "sns_2", "sqs_2"]);
  assert.equal(channels.Letters.servers, [{ $ref: "#/servers/sqs" }, { $ref: "#/servers/sqs_2" }]);
});

test("a provider without servers is refused, and so is an unknown one", async () => {
  for (const url of ["sqlite:./hive.db", "memory:", "nowhere:"])
    await document([url]).then(
      () => assert.unreachable(url),
      (error: unknown) => assert.ok(error instanceof UsageError && error.message.includes("aws:"), String(error)),
    );
});

test("a wrong URL is refused without its secrets", async () => {
  for (const url of ["aws:?secretAccessKey=hunter2", "postgres:ada:hunter2@db", "postgres://ada:hunter/2@db/shop"])
    await document([url]).then(
      () => assert.unreachable(url),
      (error: unknown) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, /^--provider: /);
        assert.not.match(error.message, /hunter/);
      },
    );
});

test("a folder without schemas is refused", async () => {
  await document([], folder.at("none")).then(
    () => assert.unreachable(),
    (error: unknown) => assert.match(String(error), /has no schemas/),
  );
});

test("what a source of Kafka publishes comes from outside", async () => {
  const { publications } = await graphOf(application, undefined);
  const outside = publications.filter(({ from }) => from.kind === "outside").map(({ to }) => String(to));
  assert.equal(outside, ["Letters", "OrderPlaced-"]);
});

test.run();

function writeSchemas(to: string): void {
  for (const subject of ["OrderPaid", "OrderPacked"]) mkdirSync(`${to}/${subject}`, { recursive: true });
  const paid = {
    type: "record",
    name: "OrderPaid",
    namespace: "shop",
    fields: [
      { name: "orderId", type: "string" },
      { name: "note", type: ["null", "string"], default: null },
    ],
  };
  writeFileSync(`${to}/OrderPaid/1.avsc`, JSON.stringify({ ...paid, fields: [] }));
  writeFileSync(`${to}/OrderPaid/2.avsc`, JSON.stringify(paid));
  writeFileSync(`${to}/OrderPacked/1.binpb`, packed());
}

function packed(): Uint8Array {
  const field = (number: number, name: string, type: Type, more: object = {}): object => ({
    number,
    name,
    type,
    label: Label.OPTIONAL,
    ...more,
  });
  const file = [
    {
      name: "box.proto",
      package: "shop",
      syntax: "proto3",
      messageType: [{ name: "Box", field: [field(1, "grams", Type.INT32)] }],
    },
    {
      name: "packed.proto",
      package: "shop",
      syntax: "proto3",
      dependency: ["box.proto"],
      messageType: [
        {
          name: "OrderPacked",
          field: [
            field(1, "order_id", Type.STRING),
            field(2, "boxes", Type.MESSAGE, { label: Label.REPEATED, typeName: ".shop.Box" }),
          ],
        },
      ],
    },
  ];
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}
