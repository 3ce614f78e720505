import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { folderWith, root, startCli } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive dev", { timeoutMs: 60_000 });

const actors = `import { actor, eventType } from "beehive-actors";
import { word } from "./word.mjs";
console.error("loaded " + word + " in " + process.pid + ";");
export const taking = actor("Ticket-Taking", eventType("Ticket"), {}, async () => {});`;
const word = (text: string): string => `export const word = ${text};`;

test("a changed file restarts the worker, also after an error", async () => {
  using folder = folderWith({ "actors.mjs": actors, "word.mjs": word(`"one"`), "notes.txt": "" });
  mkdirSync(folder.at("node_modules"));
  symlinkSync(root, folder.at("node_modules/beehive-actors"));
  using dev = startCli(["dev", "actors.mjs"], { cwd: folder.path });
  await dev.says("loaded one");
  await dev.says("Working on Ticket-Taking");
  writeFileSync(folder.at("notes.txt"), "not a source");
  writeFileSync(folder.at("word.mjs"), word(`"two`));
  await dev.says("word.mjs has changed");
  await dev.says("It starts again at the next change");
  writeFileSync(folder.at("word.mjs"), word(`"three"`));
  await dev.says("loaded three");
  dev.child.kill("SIGTERM");
  const { code, stderr } = await dev.ended;
  assert.is(code, 0);
  assert.not.match(stderr, /notes/);
  const pid = Number(/loaded three in (\d+)/.exec(stderr)?.[1]);
  assert.throws(() => process.kill(pid, 0), /ESRCH/);
});

test.run();
