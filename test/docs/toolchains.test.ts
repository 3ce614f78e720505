import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { toolchainNames } from "../../scripts/adoption/toolchains.ts";
import { root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("docs/toolchains.md");

test("it has a row for each toolchain that is checked, and no other", async () => {
  const page = await readFile(join(root, "docs/toolchains.md"), "utf8");
  const rows = [...page.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, name]) => name).filter((name) => name !== "Tool");
  assert.equal(new Set(rows.filter((name) => !name?.startsWith("---"))), new Set<string | undefined>(toolchainNames));
});

test.run();
