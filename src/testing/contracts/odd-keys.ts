import { maxKey } from "../../contract/keys.ts";

/** Ids and keys that storage services refuse, change or misread unless they are encoded. */
export const oddKeys: readonly string[] = [
  ..."/\\#?%&+=;:,*|<>\"'`^~$@!()[]{} _-.".split(""),
  "..",
  "./a",
  "a/b//c/",
  "/leading",
  "%2F",
  "a%20b+c",
  " leading and trailing ",
  "it's",
  "A",
  "a",
  "é",
  "e\u0301",
  "日本語",
  "🐝",
  "👩‍🚀",
  "\u2028",
  "\u00a0",
  "\uFEFF",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "undefined",
  "true",
  "0",
  "00",
  "-1",
  "1e3",
  "NaN",
  "select",
  "CON",
  "a".repeat(maxKey),
  "漢".repeat(maxKey),
];

/** Keys that every provider refuses. */
export const invalidKeys: readonly string[] = [
  "",
  "a\nb",
  "\u0000",
  "\u007f",
  "\u0085",
  "\ud83d",
  "a".repeat(maxKey + 1),
];

/** Names of stores that every provider refuses. */
export const invalidNames: readonly string[] = [
  "",
  "1st",
  "with-hyphen",
  "with space",
  "dot.ted",
  "slash/ed",
  "ünïcode",
  "a".repeat(64),
];

/** Ids in the order of code points, which is neither that of UTF-16 nor of a language. */
export const keysInOrder: readonly string[] = [
  " ",
  "!",
  "-",
  "0",
  "10",
  "9",
  "A",
  "Z",
  "_",
  "a",
  "a!",
  "a/",
  "a0",
  "aa",
  "b",
  "z",
  "é",
  "日",
  "\uFF5E",
  "🐝",
];
