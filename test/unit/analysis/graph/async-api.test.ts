import specs from "@asyncapi/specs";
import { Ajv } from "ajv";
import { eventType } from "beehive-actors";
import { type as arktype } from "arktype";
import * as valibot from "valibot";
import * as assert from "uvu/assert";
import { z } from "zod";
import { parse } from "yaml";
import { asyncApi, asyncApiDocument } from "../../../../src/analysis/graph/async-api/index.ts";
import type { EventGraph } from "../../../../src/analysis/graph/event-graph.ts";
import { jsonSchemaOf } from "../../../../src/analysis/graph/json-schema.ts";
import { suite } from "../../../support/suite.ts";
import { graphOfWeb, oddWeb } from "./any-web.ts";
import { actorOf, graphOf, observed, prismoGraph, webGraph } from "./graphs.ts";

const test = suite("AsyncAPI");

const info = { title: "test", version: "1.0.0" };
const schema = specs.schemasWithoutId["3.1.0"] as object;
// Check the shape only, not formats such as "uri".
const isAsyncApi = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema);

interface MessageObject {
  readonly name: string;
  readonly payload: object;
  readonly examples?: readonly { readonly payload: unknown }[];
}

const odd = actorOf('odd "name" ü', { "Asked-odd": ["Answered"] });
const graphs: Readonly<Record<string, () => Promise<EventGraph>>> = {
  prismo: prismoGraph,
  web: () => webGraph(),
  "web-observed": () => webGraph({ observed }),
  "odd names": () => graphOfWeb(oddWeb),
  odd: () => graphOf([odd], { eventTypes: [eventType("com.example/asked?", z.string(), { queueName: "Asked-" })] }),
};

for (const [name, make] of Object.entries(graphs)) {
  test(`${name}: the document is valid AsyncAPI 3.1`, async () => {
    const document: unknown = parse(asyncApi(await make(), info));
    assert.ok(isAsyncApi(document), JSON.stringify(isAsyncApi.errors, undefined, 2));
  });

  test(`${name}: every example fits its payload`, async () => {
    const { components } = asyncApiDocument(await make(), info) as {
      readonly components: { readonly messages: Readonly<Record<string, MessageObject>> };
    };
    for (const { name: type, payload, examples = [] } of Object.values(components.messages)) {
      const fits = new Ajv({ strict: false, validateFormats: false, logger: false }).compile({
        components,
        ...payload,
      });
      for (const example of examples) assert.ok(fits(example.payload), `${type}: ${JSON.stringify(example)}`);
    }
  });

  test(`${name}: every reference leads somewhere`, async () => {
    const document = asyncApiDocument(await make(), info);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#([^"]*)"/g)].map(([, path = ""]) => path);
    assert.ok(references.length > 0);
    for (const path of references) assert.ok(at(document, path) !== undefined, path);
  });
}

test("the schema of AsyncAPI refuses a wrong document", async () => {
  const text = asyncApi(await webGraph(), info);
  for (const [right, wrong] of [
    ["action: send", "action: publish"],
    ["\n  Parsed:\n    address:", "\n  Parsed:\n    adress:"],
    ["type: integer", "type: whole"],
  ] as const) {
    assert.ok(text.includes(right), right);
    assert.not.ok(isAsyncApi(parse(text.replace(right, wrong))), wrong);
  }
});

test("schemas of libraries become JSON Schema where they can", () => {
  const expected = { type: "object", properties: { id: { type: "string" } }, required: ["id"] };
  assert.equal(jsonSchemaOf(z.object({ id: z.string() }), "#/x"), expected);
  assert.equal(jsonSchemaOf(arktype({ id: "string" }), "#/x"), expected);
  assert.is(jsonSchemaOf(valibot.object({ id: valibot.string() }), "#/x"), undefined);
  assert.is(jsonSchemaOf(z.object({ at: z.date() }), "#/x"), undefined);
  assert.is(jsonSchemaOf(undefined, "#/x"), undefined);
});

test("a schema that contains itself refers to its own place", () => {
  const tree = z.object({
    get children() {
      return z.array(tree);
    },
  });
  const text = JSON.stringify(jsonSchemaOf(z.object({ tree }), "#/components/schemas/Tree"));
  assert.match(text, /"\$ref":"#\/components\/schemas\/Tree\/definitions\//);
  assert.not.match(text, /"\$ref":"#\/definitions/);
});

test("a value that looks like a reference stays as it is", () => {
  const literal = {
    "~standard": { ...z.string()["~standard"], jsonSchema: { input: () => ({ const: { $ref: "#/a" } }) } },
  };
  assert.equal(jsonSchemaOf(literal, "#/x"), { const: { $ref: "#/a" } });
});

test("topics named like properties of every object have messages", async () => {
  const document = asyncApiDocument(await graphOfWeb(oddWeb), info);
  const names = Object.values(at(document, "/components/messages") as object).map(({ name }: { name: string }) => name);
  assert.equal(names.toSorted(), oddWeb.topics.toSorted());
});

test("messages of a later version carry the version", async () => {
  const document = asyncApiDocument(await webGraph(), info);
  assert.is(at(document, "/components/messages/Parsed.v2/headers/properties/schemaVersion/const"), 2);
  assert.is(at(document, "/components/messages/Parsed.v2/name"), "Parsed");
});

test("two event types of one name have messages of their own", async () => {
  const eventTypes = [eventType("Asked", z.string()), eventType("Asked", z.number(), { queueName: "Answered-" })];
  const document = asyncApiDocument(await graphOf([odd], { eventTypes }), info);
  const payloads = Object.values(at(document, "/components/schemas") as object).map(
    ({ type }: { type: string }) => type,
  );
  assert.equal(payloads.toSorted(), ["number", "string"]);
});

test.run();

function at(document: unknown, path: string): unknown {
  return path
    .split("/")
    .slice(1)
    .reduce((value: unknown, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}
