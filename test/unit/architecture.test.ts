import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const test = suite("the directions of imports");

test("given the core, when it imports a provider, then only by dynamic import where providers are opened", async () => {
  for (const { file, imports, dynamic } of await sources("src")) {
    const wrong = imports.filter((path) => path.startsWith("providers/"));
    assert.equal(wrong, [], `${file} imports a provider`);
    if (dynamic.some((path) => path.startsWith("providers/"))) assert.match(file, /^src\/(open-provider\.ts|cli\/)/);
  }
});

test("given the core, when it imports, then nothing of the command line and none of its packages", async () => {
  for (const { file, imports, dynamic, packages } of await sources("src")) {
    if (file.startsWith("src/cli/")) continue;
    const reached = [...imports, ...dynamic].filter((path) => path.startsWith("src/cli/"));
    const needed = packages.filter((name) => ["commander", "cli-progress", "valibot"].includes(name));
    assert.equal([...reached, ...needed], [], `${file} needs the command line`);
  }
});

test("given a provider, when it imports, then only from the core and from itself", async () => {
  for (const { file, imports } of await sources("providers")) {
    const own = file.split("/").slice(0, 2).join("/");
    const wrong = imports.filter((path) => path.startsWith("providers/") && !path.startsWith(`${own}/`));
    assert.equal(wrong, [], `${file} imports another provider`);
  }
});

test("given a sample, when it imports the library, then by its package name, as users do", async () => {
  for (const { file, imports } of await sources("samples")) {
    assert.equal(
      imports.filter((path) => /^(src|providers)\//.test(path)),
      [],
      `${file} reaches into the library`,
    );
  }
});

test("given the graph of events, when it is imported, then by the command line only, so that hives load none of it", async () => {
  for (const { file, imports } of await sources("src")) {
    if (/^src\/(graph|cli)\//.test(file)) continue;
    const wrong = imports.filter((path) => path.startsWith("src/graph/") && path !== "src/journal/observed-edge.ts");
    assert.equal(wrong, [], `${file} imports the graph`);
  }
});

test("given the graph of events, when it imports, then nothing of the command line", async () => {
  for (const { file, imports } of await sources("src/graph"))
    assert.equal(
      imports.filter((path) => /^src\/(cli|journal)\//.test(path)),
      [],
      `${file} is made of what uses it`,
    );
});

test("given the core, when it uses inversify, then where injection is", async () => {
  for (const { file, packages } of await sources("src")) {
    if (packages.includes("inversify")) assert.match(file, /^src\/(container|inject(?:ion|ed)-\w+)\.ts$/);
  }
});

test("the core and the providers log errors under err", async () => {
  for (const { file, text } of [...(await sources("src")), ...(await sources("providers"))])
    assert.not.match(text, /logger\.(?:debug|info|warn|error)\(\s*\{(?:[^}]*,)?\s*error\s*[,:}]/, file);
});

test("given the core and the providers, when they use time, then through the clock", async () => {
  for (const { file, text } of [...(await sources("src")), ...(await sources("providers"))]) {
    if (file === "src/base/clock.ts" || file.startsWith("src/testing/")) continue;
    const code = text.replaceAll(/\/\*.*?\*\/|\/\/.*$/gms, "");
    assert.not.match(code, /\bDate\.now\(|new Date\(\)|\bset(?:Timeout|Interval)\(/, `${file} does not use the clock`);
  }
});

test.run();

interface Source {
  readonly file: string;
  readonly text: string;
  /** Paths from the root. */
  readonly imports: readonly string[];
  readonly dynamic: readonly string[];
  readonly packages: readonly string[];
}

async function sources(folder: string): Promise<Source[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  const files = entries.filter((file) => file.endsWith(".ts")).map((file) => join(folder, file));
  assert.ok(files.length > 0, `${folder} has no sources`);
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), "utf8");
      const named = [...text.matchAll(/(?:from|^import) "([^"]+)"/gm)].map(([, name = ""]) => name);
      const dynamic = [...text.matchAll(/import\("([^"]+)"\)/g)].map(([, name = ""]) => name);
      const inProject = (names: readonly string[]): string[] =>
        names.filter((name) => name.startsWith(".")).map((name) => relative(root, join(root, dirname(file), name)));
      return {
        file,
        text,
        imports: inProject(named),
        dynamic: inProject(dynamic),
        packages: named.filter((name) => !name.startsWith(".")),
      };
    }),
  );
}
