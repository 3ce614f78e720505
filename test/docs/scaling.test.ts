/** The commands of docs/scaling.md, with what the page says that they print. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { cli, root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("docs/scaling.md", { timeoutMs: 60_000 });
const page = await readFile(join(root, "docs/scaling.md"), "utf8");
const runs = [...page.matchAll(/^```sh\nnpx beehive ([^\n]*)\n```\n\n```console\n(.*?)^```$/gms)];

for (const [, command = "", printed = ""] of runs)
  test(`${command} prints what the page says`, async () => {
    const { code, stdout, stderr } = await cli(command.split(" "));
    assert.is(code, 0, stderr);
    let from = 0;
    for (const line of printed.trim().split("\n")) {
      const at = stdout.indexOf(line, from);
      assert.ok(at >= 0, `${line}\nis not printed, or too early, in\n${stdout}`);
      from = at + line.length;
    }
  });

test("it plans three rates", () => {
  assert.is(runs.length, 3);
});

test.run();
