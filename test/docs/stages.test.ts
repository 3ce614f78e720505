import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { allCommands } from "../../src/cli/commands/index.ts";
import { programOf } from "../../src/cli/program.ts";
import { sourceOf } from "../../src/stages/source.ts";
import { stagesIn } from "../../src/stages/stage-file.ts";
import { root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("the blocks of docs/stages.md that are not TypeScript");
const commands = await allCommands();
const page = await readFile(join(root, "docs/stages.md"), "utf8");

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, code = ""]) => code);
}

test("the stage files are read, and say the same", async () => {
  const [ini, yaml] = await Promise.all(
    ["ini", "yaml"].map(async (format) => {
      const [text = ""] = blocks(format);
      const { stages } = stagesIn(await sourceOf(text, `stages.${format}`), `stages.${format}`);
      return stages.map(({ name, actors, settings }) => ({
        name,
        settings,
        actors: actors.map((entry) => entry.text),
      }));
    }),
  );
  assert.is(ini?.length, 2);
  assert.equal(ini, yaml);
});

test("each command line is one that the program takes", async () => {
  const lines = blocks("sh").flatMap((text) => text.trim().split("\n"));
  assert.is(lines.length, 10);
  for (const line of lines) {
    const words = line
      .replace(/ +#.*$/, "")
      .split(" ")
      .slice(2);
    let ran = false;
    const program = programOf(commands, "0.0.0", async () => {
      ran = true;
    });
    await program.parseAsync(words, { from: "user" });
    assert.ok(ran, line);
  }
});

test.run();
