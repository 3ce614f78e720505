import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { choicesOf } from "../../src/cli/init/choices.ts";
import { Output, type Streams } from "../../src/cli/output.ts";
import { choose } from "../../src/cli/terminal/choose.ts";
import { cli, folderWith, plainEnvironment, root, startProcess } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive init", { timeoutMs: 400_000 });

const environment = plainEnvironment({
  npm_config_prefer_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
});

/** Runs a command and returns its output. Fails with the output when the command does. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await startProcess(command, args, { cwd, env: environment }).ended;
  assert.is(code, 0, `${command} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout === "" ? stderr : stdout;
}

const textAt = (path: string): string => readFileSync(path, "utf8");

test("init without npm writes all files and overwrites none", async () => {
  using folder = folderWith();
  const made = await cli(["init", "My Shop", "--no-install", "--json"], { cwd: folder.path });
  assert.is(made.code, 0, made.stderr);
  const { files, installed } = JSON.parse(made.stdout) as { files: string[]; installed: boolean };
  assert.equal(
    [files.toSorted(), installed],
    [
      [
        ".dockerignore",
        ".gitignore",
        "Dockerfile",
        "README.md",
        "beehive.config.yaml",
        "compose.yaml",
        "customers.ndjson",
        "hive.service",
        "package.json",
        "src/actors.test.ts",
        "src/actors.ts",
        "tsconfig.build.json",
        "tsconfig.json",
      ],
      false,
    ],
  );
  assert.is(JSON.parse(readFileSync(folder.at("My Shop/package.json"), "utf8")).name, "my-shop");

  writeFileSync(folder.at("My Shop/src/actors.ts"), "mine");
  const again = await cli(["init", "--no-install"], { cwd: folder.at("My Shop") });
  assert.equal([again.code, again.stdout], [2, ""]);
  for (const file of files) assert.ok(again.stderr.includes(file), file);
  assert.is(readFileSync(folder.at("My Shop/src/actors.ts"), "utf8"), "mine");
});

test("the style functions has the same files, and no decorators", async () => {
  using folder = folderWith();
  const filesOf = async (style: string): Promise<string[]> => {
    const made = await cli(["init", style, "--no-install", "--json", "--style", style], { cwd: folder.path });
    assert.is(made.code, 0, made.stderr);
    return (JSON.parse(made.stdout) as { files: string[] }).files.toSorted();
  };
  assert.equal(await filesOf("functions"), await filesOf("classes"));
  const actors = readFileSync(folder.at("functions/src/actors.ts"), "utf8");
  assert.ok(actors.includes("export const Welcome = actor("));
  assert.not.match(actors, /^@/m);
  assert.match(readFileSync(folder.at("functions/tsconfig.json"), "utf8"), "erasableSyntaxOnly");
  const unknown = await cli(["init", "other", "--no-install", "--style", "modules"], { cwd: folder.path });
  assert.is(unknown.code, 2);
  assert.match(unknown.stderr, "Allowed choices are classes, functions");
});

test("a provider brings its packages, and the variables that it needs", async () => {
  using folder = folderWith();
  const needs = {
    sqlite: { packages: [], variables: ["BEEHIVE_PROVIDER=sqlite:/data/hive.db"], at: "Dockerfile" },
    postgres: { packages: ["pg"], variables: ["postgres://hive@postgres/hive", "PGPASSWORD"], at: "compose.yaml" },
    azure: {
      packages: ["@azure/service-bus", "@azure/data-tables", "@azure/storage-blob", "@azure/identity"],
      variables: ["AZURE_SERVICEBUS_NAMESPACE", "AZURE_STORAGE_ACCOUNT"],
      at: "compose.yaml",
    },
    aws: { packages: ["@aws-sdk/client-sqs", "@aws-sdk/client-sns"], variables: ["AWS_REGION"], at: "compose.yaml" },
  };
  for (const [provider, { packages, variables, at }] of Object.entries(needs)) {
    const made = await cli(["init", provider, "--no-install", "--yes", "--provider", provider], { cwd: folder.path });
    assert.is(made.code, 0, made.stderr);
    const { dependencies } = JSON.parse(readFileSync(folder.at(`${provider}/package.json`), "utf8"));
    for (const name of packages) assert.ok(dependencies[name], name);
    const text = readFileSync(folder.at(`${provider}/${at}`), "utf8");
    for (const variable of variables) assert.ok(text.includes(variable), variable);
  }
});

test("another package manager and test runner are in every command", async () => {
  using folder = folderWith();
  for (const manager of ["pnpm", "yarn"]) {
    const flags = ["--no-install", "--yes", "--manager", manager, "--runner", "vitest"];
    const made = await cli(["init", manager, ...flags], { cwd: folder.path });
    assert.is(made.code, 0, made.stderr);
    for (const text of [
      made.stderr,
      ...["Dockerfile", "README.md"].map((name) => textAt(folder.at(`${manager}/${name}`))),
    ])
      assert.not.match(text, /(?<!\w)np[mx] (?!may)/);
    assert.match(textAt(folder.at(`${manager}/src/actors.test.ts`)), 'from "vitest"');
    const { scripts, devDependencies } = JSON.parse(textAt(folder.at(`${manager}/package.json`)));
    assert.is(scripts.test, "vitest run");
    assert.is(
      devDependencies.vitest,
      JSON.parse(textAt(join(root, "scripts/toolchains/package.json"))).dependencies.vitest,
    );
  }
});

test("init asks for what no flag says, and takes names and numbers", async () => {
  const asked: string[] = [];
  const environment = { npm_config_user_agent: "pnpm/10.1.0 npm/? node/v22.0.0 linux x64" };
  const choices = await choicesOf({ provider: "aws" }, environment, async ({ name }, byDefault) => {
    asked.push(`${name} ${byDefault}`);
    return byDefault;
  });
  assert.equal(asked, ["style classes", "runner node", "manager pnpm"]);
  assert.equal(choices, { style: "classes", provider: "aws", runner: "node", manager: "pnpm" });

  const answerOf = async (...lines: string[]): Promise<string> => {
    const [input, shown] = [new PassThrough(), new PassThrough()];
    const streams = { stdout: shown, stderr: shown } as unknown as Streams;
    const answers = { sqlite: "one machine", postgres: "many" };
    const chosen = choose("Where?", answers, "sqlite", new Output(false, streams), new AbortController().signal, input);
    for (const line of lines) {
      await new Promise((resolve) => setImmediate(resolve));
      input.write(`${line}\n`);
    }
    if (lines.length === 0) input.end();
    return await chosen;
  };
  assert.equal(
    [await answerOf("2"), await answerOf("Postgres"), await answerOf(""), await answerOf("9", "two", "1")],
    ["postgres", "postgres", "sqlite", "sqlite"],
  );
  assert.is(await answerOf(), "sqlite");
});

test("an existing file is named and nothing is written", async () => {
  using folder = folderWith({ "tsconfig.json": "{}" });
  const { code, stderr } = await cli(["init", "--no-install"], { cwd: folder.path });
  assert.is(code, 2);
  assert.match(stderr, /would be overwritten:\n {2}tsconfig\.json\n/);
  assert.equal(readdirSync(folder.path), ["tsconfig.json"]);
});

test("a registry without this release leads to --package", async () => {
  using folder = folderWith();
  const registry = createServer((_, response) => response.writeHead(404).end("{}")).listen(0, "127.0.0.1");
  await once(registry, "listening");
  const { port } = registry.address() as AddressInfo;
  const { code, stderr } = await cli(["init", "shop"], {
    cwd: folder.path,
    environment: {
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_cache: folder.at("cache"),
      npm_config_fetch_retries: "0",
    },
  });
  registry.close();
  assert.is(code, 1);
  assert.match(stderr, "404");
  assert.match(stderr, "start again in an empty folder with beehive init --package FILE.tgz");
});

test("everything that the starter promises works", async () => {
  using folder = folderWith({
    "tools/package.json": '{"private":true}',
    "plain/actors.mjs": plainActors,
    "alone/actors.ts": decoratedActors,
  });
  const tarball = await pack(folder.at("package"));
  await run("npm", ["install", tarball], folder.at("tools"));
  const beehive = folder.at("tools/node_modules/.bin/beehive");

  const made = await run(beehive, ["init", "shop", "--package", `file:${tarball}`], folder.path);
  assert.match(made, /npm run dev/);
  const shop = folder.at("shop");
  assert.match(await run("npm", ["test"], shop), /pass 2/);
  await run("npm", ["run", "typecheck"], shop);
  await run("npx", ["beehive", "lint", "--strict"], shop);

  using worker = startProcess("npm", ["run", "dev"], { cwd: shop, env: environment });
  await worker.says("Working on ");
  await run("npm", ["run", "push"], shop);
  await Promise.all(["1", "2", "3"].map((number) => worker.says(`customer ${number}`)));
  assert.match(await run("npx", ["beehive", "trace", "grace"], shop), /WelcomeActor → committed[^]*2 done/);
  worker.signal("SIGINT");
  assert.match((await worker.ended).stderr, /SIGINT: stopping/);
  const counts = JSON.parse(await run(join(shop, "node_modules/.bin/beehive"), ["queues", "--json"], shop));
  assert.equal(
    counts.map(({ queue, ready, leased, dead }: Record<string, unknown>) => ({ queue, ready, leased, dead })),
    ["CustomerWelcomed-Tell", "CustomerRegistered-Welcome"].map((queue) => ({ queue, ready: 0, leased: 0, dead: 0 })),
  );
  // The build needs no development dependencies.
  await run("npm", ["run", "build"], shop);
  await run("npm", ["ci", "--omit=dev"], shop);
  assert.not(existsSync(join(shop, "node_modules/tsx")));
  using production = startProcess("npm", ["start"], { cwd: shop, env: environment });
  await production.says("Working on ");
  environment["BEEHIVE_MODULES"] = "dist/actors.js";
  await run("npm", ["run", "push"], shop);
  delete environment["BEEHIVE_MODULES"];
  await production.says("customer 6");
  production.signal("SIGTERM");
  await production.ended;
  const unbuilt = await startProcess(beehive, ["run"], { cwd: shop, env: environment }).ended;
  assert.match(unbuilt.stderr, /name the JavaScript built from it, for example in BEEHIVE_MODULES/);
  environment["BEEHIVE_MODULES"] = "dist/actors.js";

  // A copy installed elsewhere runs the copy of the project.
  assert.is(JSON.parse(await run(beehive, ["queues", "--json"], shop)).length, 2);
  delete environment["BEEHIVE_MODULES"];

  // `npm create beehive-actors` is the same command.
  cpSync(join(root, "packages/create"), folder.at("tools/node_modules/create-beehive-actors"), { recursive: true });
  const create = folder.at("tools/node_modules/create-beehive-actors/create.js");
  await run(process.execPath, [create, "created", "--no-install", "--style", "functions"], folder.path);
  assert.ok(existsSync(folder.at("created/src/actors.ts")));
  const again = await startProcess(process.execPath, [create, "created"], { cwd: folder.path, env: environment }).ended;
  assert.is(again.code, 2);

  // Actors that are functions: the same project, and Node alone runs its build.
  await run(beehive, ["init", "plain-shop", "--style", "functions", "--package", `file:${tarball}`], folder.path);
  const plainShop = folder.at("plain-shop");
  assert.match(await run("npm", ["test"], plainShop), /pass 2/);
  await run("npm", ["run", "typecheck"], plainShop);
  await run("npx", ["beehive", "lint", "--strict"], plainShop);

  // JavaScript needs nothing but Node; TypeScript names its missing tool.
  cpSync(folder.at("plain/actors.mjs"), folder.at("tools/actors.mjs"));
  using plain = startProcess(beehive, ["run", "actors.mjs"], { cwd: folder.at("tools"), env: environment });
  await plain.says("ticked");
  plain.signal("SIGTERM");
  assert.is((await plain.ended).code, 0);
  const alone = await startProcess(beehive, ["run", "actors.ts"], { cwd: folder.at("alone"), env: environment }).ended;
  assert.is(alone.code, 2);
  assert.match(alone.stderr, /npm install -D tsx/);
});

const decoratedActors = `
import { actorDescription } from "beehive-actors";
@actorDescription("SecondPassed-Tick")
export class TickActor {
  async processAsync() {}
}
`;

const plainActors = `
import { actor, eventType, pulse } from "beehive-actors";
export const Tick = actor("SecondPassed-Tick", eventType("SecondPassed"), {}, ({ context }) => {
  console.log("ticked", context.attempt);
});
export const seconds = pulse("SecondPassed", { every: 100 });
`;

/** Builds and packs the package in a folder of its own. */
async function pack(folder: string): Promise<string> {
  await run("node_modules/.bin/tsc", ["-p", "tsconfig.build.json", "--outDir", join(folder, "dist")], root);
  for (const name of ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "templates"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  const packed = await run("npm", ["pack", "--ignore-scripts", "--json"], folder);
  const [{ filename = "" } = {}] = JSON.parse(packed) as { filename?: string }[];
  return join(folder, filename);
}

test.run();
