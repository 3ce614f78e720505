import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { UsageError } from "../../src/cli/exit-code.ts";
import { decoded } from "../../src/cli/input/decoded.ts";
import { items, type Format } from "../../src/cli/input/items.ts";
import { maxItem, placeOf, type Item } from "../../src/cli/input/place.ts";
import { suite } from "../support/suite.ts";

const test = suite("the input of a push", { timeoutMs: 30_000 });

async function read(chunks: readonly string[], format?: Format): Promise<Item[]> {
  async function* source(): AsyncGenerator<string, void, undefined> {
    yield* chunks;
  }
  const found: Item[] = [];
  for await (const item of items(source(), format)) found.push(item);
  return found;
}

async function decodedText(chunks: readonly Uint8Array[], encoding: string): Promise<string> {
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* chunks;
  }
  let text = "";
  for await (const part of decoded(source(), encoding)) text += part;
  return text;
}

function cutBytes(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => Math.min(place, bytes.length)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

async function assertRefused(work: () => Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, UsageError);
    return assert.match((error as UsageError).message, message);
  }
  assert.unreachable("it was taken");
}

/** Cuts the text at random places. */
const cut = (text: string): fc.Arbitrary<string[]> =>
  fc.array(fc.nat({ max: Math.max(0, text.length) })).map((places) => {
    const at = [0, ...places.toSorted((a, b) => a - b), text.length];
    return at.slice(1).map((end, index) => text.slice(at[index], end));
  });

test("text in any encoding, cut anywhere, is decoded", async () => {
  const text = fc.string({ unit: "grapheme" }).map((line) => `${line}\n${line}`);
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.constantFrom("utf-8", "utf-16le"),
      fc.array(fc.nat({ max: 40 })),
      async (given, name, at) => {
        const bytes = Buffer.from(given, name === "utf-8" ? "utf8" : "utf16le");
        assert.is(await decodedText(cutBytes(bytes, at), name), given.replace(/^\uFEFF/, ""));
      },
    ),
  );
});

test("invalid UTF-8, cut anywhere, is reported with its line", async () => {
  const bytes = Buffer.concat([Buffer.from("é1\n🐝2\n3\u00e9"), Buffer.from([0xe9]), Buffer.from("\né4\n")]);
  for (let at = 0; at <= bytes.length; at++)
    await assertRefused(() => decodedText(cutBytes(bytes, [at]), "utf-8"), /^line 3: it is not UTF-8/);
  await assertRefused(() => decodedText([Buffer.from("a\n"), Buffer.from([0xf0, 0x9f])], "utf-8"), /^line 2: /);
  await assertRefused(() => decodedText([Buffer.from([0])], "utf-16le"), /^it is not UTF-16LE/);
  await assertRefused(() => decodedText([], "klingon"), /--encoding klingon: no such encoding/);
});

test("any array, cut anywhere, yields its elements", async () => {
  const texts = fc
    .tuple(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2, "\t"))
    .map(([values, space]) => ({ values, text: JSON.stringify(values, undefined, space) }));
  await fc.assert(
    fc.asyncProperty(
      texts.chain(({ values, text }) => fc.tuple(fc.constant(values), cut(text))),
      async ([values, chunks]) => {
        const found = await read(chunks);
        assert.equal(
          found.map(({ text }) => JSON.parse(text)),
          JSON.parse(JSON.stringify(values)),
        );
        assert.equal(
          found.map(({ number }) => number),
          values.map((_, index) => index + 1),
        );
      },
    ),
  );
});

test("the format of a long line in small pieces is known at once", async () => {
  const startedAt = performance.now();
  const [item] = await read(['"', ...Array.from({ length: 30 }, () => "a".repeat(2_000)), '"']);
  assert.is(item?.text.length, 60_002);
  assert.ok(performance.now() - startedAt < 5_000);
});

test("any lines, cut anywhere, are numbered", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .array(
          fc.oneof(
            fc.constant(""),
            fc.jsonValue().map((value) => JSON.stringify(value)),
          ),
          { minLength: 1 },
        )
        .chain((lines) => fc.tuple(fc.constant(lines), cut(lines.join("\n")))),
      async ([lines, chunks]) => {
        const found = await read(chunks, "ndjson");
        const expected = lines.flatMap((text, index) =>
          text === "" ? [] : [{ number: index + 1, line: index + 1, text }],
        );
        assert.equal(found, expected);
      },
    ),
  );
});

test("the format is recognized at the beginning", async () => {
  const texts = async (text: string): Promise<string[]> => (await read([text])).map((item) => item.text);
  assert.equal(await texts('{"a":1}\n{"a":2}\n'), ['{"a":1}', '{"a":2}']);
  assert.equal(await texts(' \n[{"a":1},\n {"a":2}]'), ['{"a":1}', '\n {"a":2}']);
  assert.equal(await texts('{\n  "a": 1\n}\n'), ['{\n  "a": 1\n}\n']);
  assert.equal(await texts('\uFEFF"a"\r\n"b"\r\n'), ['"a"\r', '"b"\r']);
  assert.equal(await texts(""), []);
  assert.equal(await texts("[]"), []);
});

test("an element of an array is named by its number and line", async () => {
  const found = await read(['[1,\n2,\n\n"x]"]']);
  assert.equal(found.map(placeOf), ["line 1", "line 2", "element 3 (line 4)"]);
});

const broken: readonly (readonly [text: string, why: RegExp])[] = [
  ["[1, 2", /line 1: the input ends before the array/],
  ["[1,\n,2]", /line 2: an element is missing/],
  ["[1,]", /line 1: an element is missing/],
  ["[1]\n[2]", /line 2: there is text after/],
];
for (const [text, why] of broken) {
  test(`${JSON.stringify(text)} is refused`, async () => {
    const error = await read([text]).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    assert.match(error?.message ?? "nothing", why);
  });
}

test("a value without an end is refused before it fills the memory", async () => {
  for (const start of ['"', '["']) {
    let taken = 0;
    async function* endless(): AsyncGenerator<string, void, undefined> {
      yield start;
      for (;;) {
        taken += 1024 * 1024;
        yield "x".repeat(1024 * 1024);
      }
    }
    try {
      for await (const _ of items(endless(), start === '"' ? "ndjson" : "array"));
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /more than/);
    }
    assert.ok(taken <= maxItem + 2 * 1024 * 1024);
  }
});

test.run();
