import fc from "fast-check";
import * as assert from "uvu/assert";
import { jsonErrorPlace } from "../../src/base/json-error.ts";
import { suite } from "../support/suite.ts";

const test = suite("any text against JSON.parse", { timeoutMs: 60_000 });

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Nearly JSON: a text with a part removed or inserted. */
const nearly = fc
  .tuple(
    fc.json(),
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.string({ unit: fc.constantFrom(...Array.from('{}[],:"\\ \n0-.eEtn\u0001é')), maxLength: 3 }),
  )
  .map(([json, at, cut, put]) => {
    const from = at % (json.length + 1);
    return json.slice(0, from) + put + json.slice(from + cut);
  });
const texts = fc.oneof(
  fc.json(),
  nearly,
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(...Array.from('[]{}:,"1 tru')) }),
);

test("a text has a place exactly if JSON.parse refuses it", () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.is(jsonErrorPlace(text) === undefined, isJson(text), JSON.stringify(text));
    }),
    { numRuns: 5_000 },
  );
});

test("the text before the place may begin JSON", () => {
  fc.assert(
    fc.property(nearly, (text) => {
      const place = jsonErrorPlace(text);
      if (place === undefined) return;
      const [, position, line, column] = /position (\d+) \(line (\d+) column (\d+)\)/.exec(place) ?? [];
      const before = text.slice(0, Number(position)).split("\n");
      assert.ok(Number(position) <= text.length);
      assert.equal([Number(line), Number(column)], [before.length, (before.at(-1)?.length ?? 0) + 1]);
    }),
    { numRuns: 1_000 },
  );
});

test.run();
