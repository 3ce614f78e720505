import type { Command } from "commander";
import * as assert from "uvu/assert";
import { allCommands, commandsFor } from "../../src/cli/commands/index.ts";
import { programOf } from "../../src/cli/program.ts";
import { cli } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("the help of the command line", { timeoutMs: 60_000 });
const commands = await allCommands();

/** Returns the words of a line as a shell sees them; of a pipeline, those of beehive. */
function words(line: string): string[] {
  const ours = line.split(" | ").find((part) => /\bbeehive(-actors)? /.test(part)) ?? "";
  const found = [...ours.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, ...kinds]) => kinds.find((one) => one !== undefined) ?? "",
  );
  return found.slice(found.findIndex((word) => /^beehive(-actors)?$/.test(word)) + 1);
}

for (const command of commands) {
  test(`examples of ${command.name} are valid calls`, async () => {
    assert.ok(command.examples.length > 0);
    for (const [line] of command.examples) {
      let called: string | undefined;
      const program = programOf(commands, "1.0.0", async ({ name }) => {
        called = name;
      });
      quiet(program);
      await program.parseAsync(words(line), { from: "user" });
      assert.is(called, command.name, line);
    }
  });
}

function quiet(command: Command): void {
  command.configureOutput({ writeErr() {}, writeOut() {} });
  command.commands.forEach(quiet);
}

test("the first word of a line loads its commands alone, in the same order", async () => {
  const words = [...new Set(commands.map(({ name }) => name.split(" ")[0] ?? ""))];
  const each = await Promise.all(words.map((word) => commandsFor([word, "--help"])));
  assert.equal(each.flat(), commands);
  for (const [n, word] of words.entries())
    assert.ok(
      each[n]?.every(({ name }) => name.split(" ")[0] === word),
      word,
    );
  assert.equal(await commandsFor(["help", "push"]), commands);
  assert.equal(await commandsFor(["constructor"]), commands);
});

test("help lists all commands, and the help of each has examples", async () => {
  const [all, push, unknown, none, version] = await Promise.all([
    cli(["--help"]),
    cli(["help", "push"]),
    cli(["psuh"]),
    cli(["push", "OrderPlaced-"]),
    cli(["--version"]),
  ]);
  assert.is(all.code, 0);
  for (const { name } of commands) assert.ok(all.stdout.includes(name.split(" ")[0] ?? ""), name);
  assert.is(push.code, 0);
  assert.match(push.stdout, /Examples:\n {2}beehive push OrderAccepted- orders\.ndjson/);
  assert.equal([unknown.code, unknown.stdout], [2, ""]);
  assert.match(unknown.stderr, /Did you mean push/);
  assert.equal([none.code, none.stdout], [2, ""]);
  assert.match(none.stderr, /missing required argument 'file'/);
  assert.match(version.stdout, /^\d+\.\d+\.\d+/);
});

test.run();
