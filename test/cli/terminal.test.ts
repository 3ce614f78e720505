import { Event, QueueName } from "beehive-actors";
import * as assert from "uvu/assert";
import { cli, cliCommand } from "../support/cli.ts";
import { cliHive, packing, topic } from "../support/cli-hive.ts";
import { suite } from "../support/suite.ts";
import { onTerminal, type Screen, type Typing } from "../support/terminal.ts";

const test = suite("the command line on a terminal", { timeoutMs: 60_000 });

/** Control sequences of terminals: colours and cursor moves. */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const control = /\u001b\[/;
// oxlint-disable-next-line no-control-regex -- as above
const colour = /\u001b\[[13]\d?m/;

const onScreen = (args: readonly string[], environment?: NodeJS.ProcessEnv, typing?: Typing): Promise<Screen> =>
  onTerminal(cliCommand(args), environment, typing);

test("progress is shown on a terminal only", async () => {
  await using hive = await cliHive({ "a.ndjson": '{"id":"1"}\n'.repeat(3_000) });
  const args = ["push", topic, hive.at("a.ndjson"), "--batch", "100", "--schema-version", "1", "--provider", hive.url];
  const seen = await onScreen(args);
  assert.is(seen.code, 0, seen.screen);
  assert.match(seen.screen, /\d+% \d+ events/);
  assert.match(seen.screen, /Published 3000 events to OrderPlaced-\./);
  const [piped, continuous] = await Promise.all([cli(args), onScreen(args, { CI: "true" })]);
  assert.equal([piped.stdout, piped.stderr], ["Published 3000 events to OrderPlaced-.\n", ""]);
  assert.is(continuous.screen, "Published 3000 events to OrderPlaced-.\r\n");
});

test("dead letters are coloured where colours are on", async () => {
  await using hive = await cliHive();
  await hive.provider.queues.push([new Event("OrderPlaced", {})]);
  await hive.bury(packing);
  const args = ["queues", "--provider", hive.url];
  const [plain, without, forced, both, piped] = await Promise.all([
    onScreen(args),
    onScreen(args, { NO_COLOR: "1" }),
    cli(args, { environment: { FORCE_COLOR: "1" } }),
    cli(args, { environment: { FORCE_COLOR: "1", NO_COLOR: "1" } }),
    cli(args),
  ]);
  assert.match(plain.screen, colour);
  assert.match(forced.stdout, colour);
  assert.not.match(without.screen, control);
  assert.not.match(both.stdout, control);
  assert.not.match(piped.stdout, control);
});

test("dropping dead letters needs a yes", async () => {
  await using hive = await cliHive();
  await hive.provider.queues.push([new Event("OrderPlaced", {})]);
  await hive.bury(packing);
  const dead = async (): Promise<number> => (await hive.provider.queues.counts(QueueName.parse(packing))).dead;
  const args = ["dead-letters", "drop", packing, "--all", "--provider", hive.url];
  const answered = (type: string): Promise<Screen> => onScreen(args, {}, { after: "[y/N]", type });
  const no = await answered("n\n");
  assert.match(no.screen, /Drop 1 dead letters? of OrderPlaced-Packing for good\? \[y\/N\]/);
  assert.equal([no.code, await dead()], [1, 1]);
  const cut = await answered("\u0003");
  assert.equal([cut.code, await dead()], [130, 1], cut.screen);
  const yes = await answered("y\n");
  assert.equal([yes.code, await dead()], [0, 0], yes.screen);
});

test("the sample shop shows its progress on a terminal", async () => {
  const [, ...node] = cliCommand([]);
  const main = node.map((word) => (word.endsWith("src/cli/main.ts") ? "samples/prismo/main.ts" : word));
  const { code, screen } = await onTerminal([process.execPath, ...main]);
  assert.is(code, 0, screen);
  assert.match(screen, /\d+\/200 orders · \d+ cancelled/);
});

test("--json on a terminal is JSON without colours", async () => {
  await using hive = await cliHive();
  const { screen } = await onScreen(["queues", "--json", "--provider", hive.url]);
  assert.is((JSON.parse(screen) as unknown[]).length, 3);
});

test.run();
