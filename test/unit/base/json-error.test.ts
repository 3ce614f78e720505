import * as assert from "uvu/assert";
import { jsonErrorPlace } from "../../../src/base/json-error.ts";
import { suite } from "../../support/suite.ts";

const test = suite("jsonErrorPlace");

for (const [text, place] of [
  ["", "position 0 (line 1 column 1)"],
  ["{", "position 1 (line 1 column 2)"],
  ['{"a":1,}', "position 7 (line 1 column 8)"],
  ['{"a" 1}', "position 5 (line 1 column 6)"],
  ["[1,2", "position 4 (line 1 column 5)"],
  ["[1 2]", "position 3 (line 1 column 4)"],
  ["1 2", "position 2 (line 1 column 3)"],
  ["nul", "position 0 (line 1 column 1)"],
  ["01", "position 1 (line 1 column 2)"],
  ['"a\nb"', "position 0 (line 1 column 1)"],
  ['{\n  "a": 1,\n  b: 2\n}', "position 14 (line 3 column 3)"],
] as const) {
  test(`the mistake in ${JSON.stringify(text)} is ${place}`, () => {
    assert.is(jsonErrorPlace(text), `at ${place}`);
  });
}

for (const text of ["null", " [ ] ", '{"a":{"b":[1,-2.5e+3,"\\u00e9\\n"]}}\n', "0", '""']) {
  test(`${JSON.stringify(text)} is JSON`, () => {
    assert.is(jsonErrorPlace(text), undefined);
  });
}

test("JSON nested too deeply has a place, and nothing breaks", () => {
  assert.match(jsonErrorPlace("[".repeat(100_000)) ?? "", "position 1000 ");
});

test.run();
