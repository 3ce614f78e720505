import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { sourceOf } from "../../../src/stages/source.ts";
import { planStages } from "../../../src/stages/plan-stages.ts";
import { stagesIn, type StageFile } from "../../../src/stages/stage-file.ts";
import { stagesText } from "../../../src/stages/stage-text.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("a stage file");

async function read(text: string, path = "/shop/stages.ini"): Promise<StageFile> {
  return stagesIn(await sourceOf(text, path), path);
}

async function problems(text: string, path?: string): Promise<string[]> {
  try {
    await read(text, path);
  } catch (error) {
    assert.instance(error, BeeHiveError);
    return (error as BeeHiveError).message
      .split("\n  - ")
      .slice(1)
      .map((line) => line.replace(/^\/shop\//, ""));
  }
  throw new Error("it was read");
}

const ini = `; who works where
# another remark
[billing]
actors[] = billing.ts#InvoiceActor
actors[] = ../ledger.ts#*Ledger ; the ledgers
parallelism = 4
maxLag = 2s
memory = 512MB

[index]
actors = MemberChanged-*, search.ts#orders.SearchActor
parallelism = 2 to 64
maxInFlight = 100
batchSize = 500
batchInterval = 30s
`;
const yaml = `billing:
  actors: [billing.ts#InvoiceActor, ../ledger.ts#*Ledger]
  parallelism: 4
  maxLag: 2s
  memory: 512MB
index:
  actors: "MemberChanged-*, search.ts#orders.SearchActor"
  parallelism: { min: 2, max: 64 }
  maxInFlight: 100
  batchSize: 500
  batchInterval: 30s
`;

test("INI, YAML and JSON say the same", async () => {
  const stages = [
    {
      name: "billing",
      settings: { parallelism: 4, maxLag: 2_000, memory: 512 * 2 ** 20 },
      actors: [
        ["/shop/billing.ts", "InvoiceActor"],
        ["/ledger.ts", "*Ledger"],
      ],
    },
    {
      name: "index",
      settings: { parallelism: { min: 2, max: 64 }, maxInFlight: 100, batchSize: 500, batchInterval: 30_000 },
      actors: [
        [undefined, "MemberChanged-*"],
        ["/shop/search.ts", "orders.SearchActor"],
      ],
    },
  ];
  const json = JSON.stringify({
    billing: {
      actors: ["billing.ts#InvoiceActor", "../ledger.ts#*Ledger"],
      parallelism: 4,
      maxLag: "2s",
      memory: "512MB",
    },
    index: {
      actors: ["MemberChanged-*", "search.ts#orders.SearchActor"],
      parallelism: "2 to 64",
      maxInFlight: 100,
      batchSize: 500,
      batchInterval: "30s",
    },
  });
  for (const [text, path] of [
    [ini, "/shop/stages.ini"],
    [yaml, "/shop/stages.yaml"],
    [json, "/shop/stages.json"],
  ] as const) {
    const found = (await read(text, path)).stages.map(({ name, settings, actors }) => ({
      name,
      settings,
      actors: actors.map(({ module, pattern }) => [module, pattern]),
    }));
    assert.equal(found, stages, path);
  }
});

test("an entry knows its line", async () => {
  const lines = async (text: string, path: string) =>
    (await read(text, path)).stages.flatMap(({ actors }) => actors.map(({ line }) => line));
  assert.equal(await lines(ini, "/shop/stages.ini"), [4, 5, 11, 11]);
  assert.equal(await lines(yaml, "/shop/stages.yaml"), [2, 2, 7, 7]);
});

test("every problem is listed with its file and line", async () => {
  const wrong = `limit = 3
[billing]
actors = billing.ts#
paralelism = 4
maxLag = soon
memory = much
parallelism = 0
parallelism = 2
[auto]
actors = a.ts#A
[empty]
[two words]
actors = b.ts#B
`;
  assert.equal(await problems(wrong), [
    "stages.ini:1: limit stands outside of a stage, or is none: a stage has actors and settings",
    'stages.ini:3: "billing.ts#" names no actor: write module#export',
    "stages.ini:4: paralelism is not a setting; is it parallelism?",
    'stages.ini:5: maxLag must be more than 0 ms, at most 100 years, not "soon"; write a number of ms or a text such as "30s", "5m" or "7d"',
    'stages.ini:6: memory must be a size such as 512MB or 2GB, not "much"',
    "stages.ini:8: parallelism is set twice",
    "stages.ini:9: no stage may be called auto, which is shared out by the processes",
    "stages.ini:11: stage empty has no actors",
    'stages.ini:12: the name "two words" must be letters, digits, - and _, from a letter on',
  ]);
});

test("a wrong YAML or JSON names its line, and quotes nothing", async () => {
  const secret = "hunter2";
  const [line = ""] = await problems(`billing:\n  actors: [a.ts#A\n  memory: ${secret}`, "/shop/stages.yaml");
  assert.match(line, /^stages\.yaml:\d: \w/);
  assert.not.match(line, secret);
  assert.equal(await problems(`{"billing": {\n"actors": nothing ${secret}}}`, "/shop/stages.json"), [
    "stages.json:2: it is not JSON from here on",
  ]);
  assert.equal(await problems("billing:\n  actors: [a.ts#A]\n  colour: red\n", "/shop/stages.yml"), [
    "stages.yml:3: colour is not a setting; there are actors, parallelism, batchSize, batchInterval, maxLag, maxInFlight, memory",
  ]);
  assert.equal(await problems("", "/shop/stages.ini"), [
    "stages.ini:1: it has no stage; begin one with [billing] in INI, billing: in YAML",
  ]);
});

test("a stage file that is written reads the same", async () => {
  const stages = [
    {
      name: "billing",
      actors: ["./billing.ts#InvoiceActor", "MemberChanged-*"],
      settings: { parallelism: 4, maxLag: "2s" },
    },
    { name: "index", actors: ["./search.ts#SearchActor"], settings: { parallelism: { min: 2, max: 8 } } },
  ];
  for (const path of ["/shop/stages.ini", "/shop/stages.yaml", "/shop/stages.json"]) {
    const file = await read(await stagesText(stages, path), path);
    assert.equal(
      file.stages.map(({ name, actors, settings }) => [name, actors.map(({ text }) => text), settings]),
      [
        ["billing", ["./billing.ts#InvoiceActor", "MemberChanged-*"], { parallelism: 4, maxLag: 2_000 }],
        ["index", ["./search.ts#SearchActor"], { parallelism: { min: 2, max: 8 } }],
      ],
      path,
    );
  }
});

test("a module that cannot be imported is told with its line", async () => {
  const folder = await mkdtemp(join(tmpdir(), "beehive-stages-"));
  const path = join(folder, "stages.ini");
  await writeFile(path, "[billing]\nactors[] = missing.js#Invoice\n");
  const error = await throwsCode("InvalidConfiguration", () => planStages(path));
  assert.match(error.message, `${path}:2: ${join(folder, "missing.js")} cannot be imported`);
  assert.is((error.cause as { code?: string }).code, "ERR_MODULE_NOT_FOUND");
  await rm(folder, { recursive: true });
});

test.run();
