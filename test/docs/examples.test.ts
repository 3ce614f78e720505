import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { noPostgres, postgresUrl, query } from "../support/postgres-server.ts";
import { suite } from "../support/suite.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const documents = [
  "README.md",
  ...(await readdir(join(root, "docs"))).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`),
];

const test = suite("the examples of the documents", { timeoutMs: 60_000 });

for (const document of documents) {
  test(`the blocks of ${document} compile, run and print its texts`, async () => {
    const blocks = codeBlocks(await readFile(join(root, document), "utf8"));
    const program = blocks.filter(({ language }) => language === "ts").map(({ code }) => code);
    if (program.length === 0) return;
    // Inside the folders of tsconfig.json, whose options compile the decorators.
    const folder = await mkdtemp(join(root, "test/docs/run-"));
    try {
      const file = join(folder, "example.ts");
      await writeFile(file, program.join("\n"));
      await writeFile(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          extends: "../../../tsconfig.json",
          include: ["example.ts"],
          compilerOptions: {
            noUnusedLocals: false,
            noUnusedParameters: false,
          },
        }),
      );
      const needsPostgres = program.some((code) => code.includes("DATABASE_URL"));
      const environment = needsPostgres && !noPostgres ? { DATABASE_URL: await freshDatabase() } : {};
      const [compiled, ran] = await Promise.all([
        run("node_modules/.bin/tsc", ["-p", folder]),
        needsPostgres && noPostgres
          ? undefined
          : run("node_modules/.bin/tsx", ["-C", "beehive-source", file], environment),
      ]);
      assert.is(compiled.code, 0, `${document} does not compile:\n${compiled.output}`);
      if (!ran) return;
      assert.is(ran.code, 0, `${document} does not run:\n${ran.output}`);
      let from = 0;
      for (const { code } of blocks.filter(({ language }) => language === "text")) {
        const at = ran.output.indexOf(code.trim(), from);
        assert.ok(at >= 0, `${document} says that it prints\n${code}\nbut it printed\n${ran.output.slice(from)}`);
        from = at + code.trim().length;
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

test("every link of a document into the project has a target", async () => {
  for (const document of documents) {
    const text = await readFile(join(root, document), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      const path = join(root, dirname(document), target);
      const found = await readdir(dirname(path)).catch((): string[] => []);
      assert.ok(found.includes(relative(dirname(path), path)), `${document} links to ${target}, which is not there`);
    }
  }
});

test.run();

interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", code = ""]) => ({ language, code }));
}

async function freshDatabase(): Promise<string> {
  const name = `docs_${process.pid}`;
  await query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await query(`CREATE DATABASE ${name}`);
  return Object.assign(new URL(postgresUrl), { pathname: name }).href;
}

function run(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...environment };
    const child = spawn(join(root, command), parameters, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    const parts: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (part: string) => parts.push(part));
    child.on("error", reject).on("close", (code) => resolve({ code, output: parts.join("") }));
  });
}
