import fc from "fast-check";
import * as assert from "uvu/assert";
import { indented, memberText, oneLine } from "../../../src/events/json-source.ts";
import { suite } from "../../support/suite.ts";

const test = suite("parts of JSON as they are written");

for (const [what, json, name, text] of [
  ["a number of many digits", '{"id":820982911946154508}', "id", "820982911946154508"],
  ["white space", '\n{ "a" : 1 , "b"\t: [ 2 ] }\r\n', "b", " [ 2 ] "],
  ["a name that stands twice", '{"a":1,"b":2,"a":3}', "a", "3"],
  ["a name with escapes", '{"d\\u0061ta":1}', "data", "1"],
  ["a name twice, once with escapes", '{"data":1,"d\\u0061ta":2}', "data", "2"],
  ["a name with an escaped backslash", '{"\\\\u0061":1,"\\u0061":2}', "\\u0061", "1"],
  ["a name with a quote", '{"\\"a\\"":1,"a":2}', '"a"', "1"],
  ["an empty name", '{"a":1,"":2}', "", "2"],
  ["the name __proto__", '{"a":1,"__proto__":{"a":2}}', "__proto__", '{"a":2}'],
  ["quotes and brackets in texts", '{"x":"}]\\"{[,\\\\","a":"\\\\\\""}', "a", '"\\\\\\""'],
  ["nested values", '{"x":{"a":1,"y":[{"a":2}]},"a":{"b":[1,{"c":"}"}]}}', "a", '{"b":[1,{"c":"}"}]}'],
  ["an element of an array", '[1,"a",[2,3],4]', "2", "[2,3]"],
  ["the last member", '{"a":1,"b":null}', "b", "null"],
  ["a member that is not there", '{"a":{"b":1}}', "b", undefined],
  ["an empty object", "{ }", "a", undefined],
  ["a value without parts", '"{a:1}"', "a", undefined],
] as const) {
  test(`the part of ${what} is the text as written`, () => {
    assert.is(memberText(json, name), text);
  });
}

test("a part of deeply nested values is whole", () => {
  const deep = '[{"a":'.repeat(50_000) + "1" + "}]".repeat(50_000);
  assert.ok(memberText(`{"x":${deep},"a":${deep}}`, "a") === deep);
});

test("each part of any object is the JSON of its value", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 2), (object, space) => {
      const json = JSON.stringify(object, undefined, space);
      const parsed = JSON.parse(json) as Record<string, unknown>;
      for (const name of Object.keys(parsed)) assert.equal(JSON.parse(memberText(json, name) ?? ""), parsed[name]);
    }),
  );
});

test("indented JSON has the same value, and keeps numbers as written", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, space) => {
      const json = JSON.stringify(value, undefined, space);
      assert.is(indented(json), JSON.stringify(JSON.parse(json), undefined, 2));
      assert.equal(JSON.parse(oneLine(json)), JSON.parse(json));
    }),
  );
  assert.is(indented("[1.50, 12345678901234567890,{ },[ ]]"), "[\n  1.50,\n  12345678901234567890,\n  {},\n  []\n]");
  assert.is(indented("{half"), undefined);
  assert.ok((indented(`"${"x".repeat(3_000_000)}"`)?.length ?? 0) > 3_000_000);
});

test.run();
