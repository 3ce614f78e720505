import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type } from "arktype";
import { Event, eventType, type EventType } from "beehive-actors";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { z } from "zod";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("problems of schemas");
const long = "4111-1111-1111-1111 of somebody";

const schemas = {
  valibot: v.object({
    lines: v.array(v.object({ price: v.number() })),
    mail: v.pipe(v.string(), v.email()),
    kind: v.picklist(["card", "cash"]),
    address: v.string(),
  }),
  zod: z.object({
    lines: z.array(z.object({ price: z.number() })),
    mail: z.email(),
    kind: z.enum(["card", "cash"]),
    address: z.string(),
  }),
  arktype: type({
    lines: type({ price: "number" }).array(),
    mail: "string.email",
    kind: "'card'|'cash'",
    address: "string",
  }),
};
const body = {
  lines: [{ price: 1 }, { price: "seventeen" }],
  mail: "ada at home",
  kind: long,
  address: { street: "Elm" },
};

for (const [library, schema] of Object.entries(schemas)) {
  const declared = eventType("Paid", schema as typeof schemas.valibot) as EventType<unknown>;
  test(`${library}: a problem names the place and not the value`, async () => {
    const made = await throwsCode("InvalidEvent", () => declared.create(body));
    const read = await throwsCode("BodyUnreadable", () => declared.read(new Event("Paid", body)));
    for (const { message } of [made, read]) {
      for (const place of ["lines.1.price", "mail", "kind", "address"]) assert.match(message, `${place}: `);
      for (const value of ["seventeen", "ada at home", long, long.slice(0, 16), "Elm"])
        assert.not.match(message, value);
    }
  });
}

test("a problem names the expectation where the message quotes", async () => {
  const declared = eventType("Paid", v.object({ price: v.number() }));
  const { message } = await throwsCode("InvalidEvent", () => declared.create({ price: "seventeen" as never }));
  assert.match(message, "price: expected number");
});

test("a message of the application stays when it quotes nothing", async () => {
  const declared = eventType("Paid", v.object({ price: v.number("must be a price") }));
  const { message } = await throwsCode("InvalidEvent", () => declared.create({ price: "seventeen" as never }));
  assert.match(message, "price: must be a price");
});

test("short values are found as whole words only", async () => {
  const short = v.pipe(
    v.string(),
    v.check(
      () => false,
      ({ input }) => `a price is no ${input}`,
    ),
  );
  const { message } = await throwsCode("InvalidEvent", () => eventType("Paid", short).create("a"));
  assert.match(message, "*** price is no ***");
});

for (const [what, schema, body, expected] of [
  ["a record's key", z.record(z.string(), z.number()), { ada: "x" }, "***: "],
  ["a record's wrong key", z.record(z.string().max(2), z.number()), { adalovelace: 1 }, "***: "],
  ["an unknown key of zod", z.strictObject({ a: z.number() }), { a: 1, adalovelace: 1 }, 'key: "***"'],
  ["an unknown key of valibot", v.strictObject({ a: v.number() }), { a: 1, "ada@home": 1 }, "***: "],
  [
    "a path of the body",
    z
      .any()
      .superRefine((value, context) => context.addIssue({ code: "custom", message: `no ${value}`, path: [value] })),
    "adalovelace",
    "***: no ***",
  ],
] as const) {
  test(`${what} appears in no error`, async () => {
    const declared = eventType("Paid", schema as StandardSchemaV1);
    const { message } = await throwsCode("InvalidEvent", () => declared.create(body));
    assert.not.match(message, "ada");
    assert.ok(message.includes(expected), message);
  });
}

test("the names of a schema stay beside keys of others", async () => {
  const schema = z.object({ totals: z.record(z.string(), z.object({ price: z.number() })) });
  const body = { totals: { ada: { price: "x" } } };
  const { message } = await throwsCode("InvalidEvent", () => eventType("Paid", schema).create(body as never));
  assert.match(message, "totals.***.price: ");
});

test("of many problems the first are named and the rest counted", async () => {
  const declared = eventType("Paid", v.array(v.number()));
  const { message } = await throwsCode("InvalidEvent", () =>
    declared.create(Array.from({ length: 1_000 }, () => "x" as never)),
  );
  assert.match(message, "and 980 more");
});

test.run();
