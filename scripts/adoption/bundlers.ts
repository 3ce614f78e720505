import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run } from "./run.ts";

const bundlers = join(root, "scripts/bundlers/node_modules");

/** The command of each bundler in docs/bundling.md, and the file that it makes. */
const commands = {
  rollup: { args: ["rollup/dist/bin/rollup", "-c", "--silent"], made: "dist/main.mjs" },
  webpack: { args: ["webpack-cli/bin/cli.js"], made: "dist/main.mjs" },
  vite: { args: ["vite/bin/vite.js", "build"], made: "dist/main.js" },
  ncc: { args: ["@vercel/ncc/dist/ncc/cli.js", "build", "src/main.js", "-o", "dist"], made: "dist/index.js" },
} as const;

export type Bundler = keyof typeof commands;
export const bundlerNames = Object.keys(commands) as readonly Bundler[];

/** Packages that an application of one provider does not have. */
const optional = ["@azure", "@aws-sdk", "libsql", "@libsql", "pg", "rhea", "rhea-promise", "@nestjs"];

/** Entries with the optional packages that they have, and their output. */
export const entries = {
  memory: {
    has: [],
    says: "worked: Ada",
    source: `
      import { actor, createHive, eventType } from "beehive-actors";
      const Asked = eventType("Asked");
      const Work = actor("Asked-Work", Asked, {}, ({ body }) => console.log("worked:", body.name));
      const hive = await createHive({ actors: Work });
      await hive.start();
      await hive.push(Asked.create({ name: "Ada" }));
      await hive.whenIdle();
      await hive.stop();`,
  },
  azure: {
    has: ["@azure", "rhea", "rhea-promise"],
    says: "opened: azure",
    source: `
      import "beehive-actors/azure";
      import { createHive } from "beehive-actors";
      const hive = await createHive({ publishes: ["Asked"], provider: "azure:" });
      console.log("opened:", hive.provider.name);
      await hive.stop();`,
  },
} as const;

const environment = {
  AZURE_SERVICEBUS_CONNECTION_STRING: "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b",
  AZURE_STORAGE_CONNECTION_STRING: "UseDevelopmentStorage=true",
};

/**
 * Bundles an entry as docs/bundling.md says, and runs the bundle. The project has no other SDKs.
 *
 * @param built The folder of the package as it is built.
 * @throws Error with the output of the bundler or of the bundle.
 */
export function bundles(bundler: Bundler, entry: keyof typeof entries, built: string): void {
  const { has, says, source } = entries[entry];
  const { args, made } = commands[bundler];
  const project = mkdtempSync(join(tmpdir(), "beehive-bundle-"));
  try {
    const modules = join(project, "node_modules");
    mkdirSync(modules);
    const left = optional.filter((name) => !(has as readonly string[]).includes(name));
    for (const folder of [bundlers, join(root, "node_modules")])
      for (const name of readdirSync(folder))
        if (!left.includes(name) && !readdirSync(modules).includes(name))
          symlinkSync(join(folder, name), join(modules, name));
    cpSync(built, join(modules, "beehive-actors"), { recursive: true });
    mkdirSync(join(project, "src"));
    writeFileSync(join(project, "src/main.js"), source);
    writeFileSync(join(project, "package.json"), '{ "type": "module", "private": true }');
    for (const [file, text] of configurations()) writeFileSync(join(project, file), text);
    const [script, ...rest] = args;
    run(process.execPath, [join(bundlers, script), ...rest], { cwd: project, timeoutMs: 300_000 });
    rmSync(modules, { recursive: true });
    const output = run(process.execPath, [made], { cwd: project, environment });
    if (!output.includes(says)) throw new Error(`the bundle printed\n${output}`);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** The configurations in docs/bundling.md, whose first lines name their files. */
function configurations(): readonly (readonly [file: string, text: string])[] {
  const page = readFileSync(join(root, "docs/bundling.md"), "utf8");
  const blocks = [...page.matchAll(/^```javascript\n\/\/ (\S+\.config\.mjs)\n(.*?)^```$/gms)];
  return blocks.map(([, file = "", text = ""]) => [file, text]);
}
