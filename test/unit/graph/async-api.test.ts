import specs from "@asyncapi/specs";
import { Ajv } from "ajv";
import { eventType } from "beehive-actors";
import { type as arktype } from "arktype";
import * as valibot from "valibot";
import * as assert from "uvu/assert";
import { z } from "zod";
import { parse } from "yaml";
import { asyncApi, asyncApiDocument } from "../../../src/graph/async-api.ts";
import type { EventGraph } from "../../../src/graph/event-graph.ts";
import { jsonSchemaOf } from "../../../src/graph/json-schema.ts";
import { suite } from "../../support/suite.ts";
import { graphOfWeb, oddWeb } from "./any-web.ts";
import { actorOf, graphOf, observed, prismoGraph, webGraph } from "./graphs.ts";

const test = suite("AsyncAPI");

const info = { title: "test", version: "1.0.0" };
const schema = specs.schemasWithoutId["3.0.0"] as object;
// Formats such as "uri" are not looked at: what is checked is the shape.
const isAsyncApi = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema);

const odd = actorOf('odd "name" ü', { "Asked-odd": ["Answered"] });
const graphs: Readonly<Record<string, () => Promise<EventGraph>>> = {
  prismo: prismoGraph,
  web: () => webGraph(),
  "web-observed": () => webGraph({ observed }),
  "odd names": () => graphOfWeb(oddWeb),
  odd: () => graphOf([odd], { eventTypes: [eventType("com.example/asked?", z.string(), { queueName: "Asked-" })] }),
};

for (const [name, make] of Object.entries(graphs)) {
  test(`given the graph of ${name}, when it is AsyncAPI, then it is valid by the schema of AsyncAPI 3.0`, async () => {
    const document: unknown = parse(asyncApi(await make(), info));
    assert.ok(isAsyncApi(document), JSON.stringify(isAsyncApi.errors, undefined, 2));
  });

  test(`given the graph of ${name}, when it is AsyncAPI, then every reference leads somewhere`, async () => {
    const document = asyncApiDocument(await make(), info);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#([^"]*)"/g)].map(([, path = ""]) => path);
    assert.ok(references.length > 0);
    for (const path of references) assert.ok(at(document, path) !== undefined, path);
  });
}

test("given a document that is wrong somewhere, when it is checked, then the schema of AsyncAPI refuses it", async () => {
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

test("given schemas that can tell, when they are asked, then JSON Schema comes of them and else nothing", () => {
  const expected = { type: "object", properties: { id: { type: "string" } }, required: ["id"] };
  assert.equal(jsonSchemaOf(z.object({ id: z.string() }), "#/x"), expected);
  assert.equal(jsonSchemaOf(arktype({ id: "string" }), "#/x"), expected);
  assert.is(jsonSchemaOf(valibot.object({ id: valibot.string() }), "#/x"), undefined);
  assert.is(jsonSchemaOf(z.object({ at: z.date() }), "#/x"), undefined);
  assert.is(jsonSchemaOf(undefined, "#/x"), undefined);
});

test("given a schema that contains itself, when it is told, then its references are to where it stands", () => {
  const tree = z.object({
    get children() {
      return z.array(tree);
    },
  });
  const text = JSON.stringify(jsonSchemaOf(z.object({ tree }), "#/components/schemas/Tree"));
  assert.match(text, /"\$ref":"#\/components\/schemas\/Tree\/definitions\//);
  assert.not.match(text, /"\$ref":"#\/definitions/);
});

test("given a value that looks like a reference, when it is told, then it stays as it is", () => {
  const literal = {
    "~standard": { ...z.string()["~standard"], jsonSchema: { input: () => ({ const: { $ref: "#/a" } }) } },
  };
  assert.equal(jsonSchemaOf(literal, "#/x"), { const: { $ref: "#/a" } });
});

test("given topics that are called like what every object has, when they are told, then each has its message", async () => {
  const document = asyncApiDocument(await graphOfWeb(oddWeb), info);
  const names = Object.values(at(document, "/components/messages") as object).map(({ name }: { name: string }) => name);
  assert.equal(names.toSorted(), oddWeb.topics.toSorted());
});

test("given a later version, when it is told, then its messages carry the version", async () => {
  const document = asyncApiDocument(await webGraph(), info);
  assert.is(at(document, "/components/messages/Parsed.v2/headers/properties/schemaVersion/const"), 2);
  assert.is(at(document, "/components/messages/Parsed.v2/name"), "Parsed");
});

test("given two event types of one name, when they are told, then each has its own message", async () => {
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
