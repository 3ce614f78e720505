import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { BeeHiveError, errorCodes, type ErrorCode } from "../../src/base/errors.ts";
import { suite } from "../support/suite.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const page = await readFile(join(root, "docs/errors.md"), "utf8");
const rows = [...page.matchAll(/^\| `(\w+)` *\| *(yes|no) *\|([^|]*)\|([^|]*)\|$/gm)];
const test = suite("docs/errors.md");

test("it lists each error code once, and no other", () => {
  assert.is(rows.length, errorCodes.length);
  assert.equal(new Set(rows.map(([, code]) => code)), new Set<string | undefined>(errorCodes));
});

test("it names which codes are retried", () => {
  for (const [, code, retried] of rows)
    assert.is(new BeeHiveError(code as ErrorCode, "").retryable, retried === "yes", code);
});

test("it gives a cause and a cure for each code", () => {
  for (const [, code, , cause = "", cure = ""] of rows) {
    assert.ok(cause.trim().length > 10, `${code} has no cause`);
    assert.ok(cure.trim().length > 10, `${code} has no cure`);
  }
});

test.run();
