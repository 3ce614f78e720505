/** Bundles entries by the commands of docs/bundling.md in projects with the SDK of one cloud, and runs the bundles. */
import { mkdtempSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { plainEnvironment, root, startProcess, type Ended } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("bundles", { timeoutMs: 120_000 });

/** Optional packages. */
const optional = ["@azure", "@aws-sdk", "libsql", "@libsql", "rhea", "rhea-promise", "pg"];
const clouds = {
  aws: ["@aws-sdk"],
  azure: ["@azure", "rhea", "rhea-promise"],
  sqlite: ["libsql", "@libsql"],
  postgres: ["pg"],
  none: [],
} as const;

const actor = `
import { actorDescription, createHive, Event } from "beehive-actors";
class WorkingActor { async processAsync() { console.log("worked:", WorkingActor.name); } }
actorDescription("Topic-Sub")(WorkingActor);
`;
const working = (url: string): string => `${actor}
const run = async () => {
  const hive = await createHive({ actors: WorkingActor, provider: "${url}" });
  await hive.start();
  await hive.push(new Event("Topic"));
  await hive.idle();
  await hive.stop();
};
run();`;
/** Makes the clients of a cloud, and sends no request. */
const opening = (url: string): string => `${actor}
const run = async () => {
  const hive = await createHive({ actors: WorkingActor, provider: "${url}" });
  console.log("opened:", hive.provider.name);
  await hive.stop();
};
run().catch((error) => console.log(error.message));`;

const entries = {
  memory: working("memory:"),
  sqlite: working("sqlite:./hive.db"),
  aws: `import "beehive-actors/aws"; ${opening("aws:?region=eu-west-1")}`,
  azure: `import "beehive-actors/azure"; ${opening("azure:")}`,
  postgres: `import "beehive-actors/postgres"; ${opening("postgres://nobody@127.0.0.1:9/none")}`,
  forgotten: opening("aws:?region=eu-west-1"),
  lambda: `import { sqsHandler } from "beehive-actors/aws/lambda"; ${actor}
export const handler = sqsHandler({ actors: WorkingActor, provider: "aws:?region=eu-west-1" });
handler({ Records: [] }, { getRemainingTimeInMillis: () => 5000 }).then(async ({ batchItemFailures }) => {
  console.log("handled:", batchItemFailures.length);
  await handler.close();
});`,
  functions: `import { actorFunctions } from "beehive-actors/azure/functions"; ${actor}
const app = { serviceBusTopic: (name, { topicName }) => console.log("function:", name, topicName) };
const run = async () => {
  const hive = await createHive({ actors: WorkingActor, provider: "azure:" });
  actorFunctions(app, hive);
  await hive.stop();
};
run();`,
} as const;

type Entry = keyof typeof entries;

const cases: readonly (readonly [entry: Entry, has: keyof typeof clouds, says: RegExp])[] = [
  ["memory", "none", /^worked: WorkingActor$/m],
  ["sqlite", "sqlite", /^worked: WorkingActor$/m],
  ["aws", "aws", /^opened: aws$/m],
  ["azure", "azure", /^opened: azure$/m],
  ["postgres", "postgres", /could not be used: the server does not answer/m],
  ["lambda", "aws", /^handled: 0$/m],
  ["functions", "azure", /^function: \S+ Topic$/m],
  ["forgotten", "none", /^The provider aws: is not in this bundle\. Add import "beehive-actors\/aws"/m],
];

const folder = mkdtempSync(join(tmpdir(), "beehive-bundles-"));
const environment = plainEnvironment({
  AZURE_SERVICEBUS_CONNECTION_STRING: "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b",
  AZURE_STORAGE_CONNECTION_STRING: "UseDevelopmentStorage=true",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
});

/** Returns the flags of the documented commands, which begin with `npx esbuild ENTRY`. */
const commands = [...readFileSync(join(root, "docs/bundling.md"), "utf8").matchAll(/^npx esbuild (\S+) (.*?[^\\])$/gms)]
  .map(([, , flags = ""]) => flags.replaceAll(/\\\n\s*/g, ""))
  .map((flags) => [...flags.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ""));

/** Makes a project with the built package, its dependencies, and the optional packages of one cloud. */
async function makeProject(has: keyof typeof clouds): Promise<void> {
  const project = join(folder, has);
  const modules = join(project, "node_modules");
  await mkdir(modules, { recursive: true });
  const left = optional.filter((name) => !(clouds[has] as readonly string[]).includes(name));
  for (const name of await readdir(join(root, "node_modules")))
    if (!left.includes(name)) await symlink(join(root, "node_modules", name), join(modules, name));
  // Copy, since Node resolves imports of a linked package from its real path.
  await cp(join(folder, "beehive-actors"), join(modules, "beehive-actors"), { recursive: true });
  for (const [name, text] of Object.entries(entries)) await writeFile(join(project, `${name}.ts`), text);
}

async function run(args: readonly string[], cwd: string): Promise<Ended> {
  return startProcess(process.execPath, args, { cwd, env: environment }).ended;
}

test("a build of the sources can be used by projects", async () => {
  const out = join(folder, "beehive-actors");
  const { code, stdout } = await run(
    [
      join(root, "node_modules/typescript/bin/tsc"),
      "-p",
      join(root, "tsconfig.build.json"),
      "--outDir",
      join(out, "dist"),
      // Files that no bundle needs would be copied into each project.
      ...["--sourceMap", "--inlineSources", "--declaration", "--isolatedDeclarations"].flatMap((flag) => [
        flag,
        "false",
      ]),
    ],
    root,
  );
  assert.is(code, 0, stdout);
  await cp(join(root, "package.json"), join(out, "package.json"));
  for (const has of ["aws", "azure", "sqlite", "postgres", "none"] as const) await makeProject(has);
  assert.equal(commands.length, 2, "docs/bundling.md has a command for ES modules and one for CommonJS");
});

for (const [format, command] of [
  ["ES modules", 0],
  ["CommonJS", 1],
] as const) {
  for (const [entry, has, says] of cases) {
    test(`${entry} with the SDK of ${has} runs as ${format}`, async () => {
      const project = join(folder, has);
      const flags = commands[command]?.map((flag) => flag.replace(/^(--outfile=).*(\.\w+)$/, `$1out/${entry}$2`)) ?? [];
      const bundled = await run([join(root, "node_modules/esbuild/bin/esbuild"), `${entry}.ts`, ...flags], project);
      assert.is(bundled.code, 0, bundled.stderr);
      assert.not.match(bundled.stderr, /warning/i);
      const out = flags.find((flag) => flag.startsWith("--outfile="))?.slice("--outfile=".length) ?? "";
      const { stdout, stderr } = await run([out], project);
      assert.match(stdout, says, stderr);
    });
  }
}

test.after(() => rm(folder, { recursive: true }));

test.run();
