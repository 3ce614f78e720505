/**
 * The runner itself, run as a child process on folders of test files that each try to pass falsely.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";

const SUITE_MODULE = new URL("../../support/suite.ts", import.meta.url).href;

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly lastLine: string;
}

interface RunOptions {
  readonly ci?: boolean;
  readonly args?: readonly string[];
  /** Done while it runs; `root` is the folder of the files. */
  readonly meanwhile?: (runner: ChildProcess, root: string) => Promise<void>;
}

/** Writes the given files into a folder of its own and runs the runner on it. */
async function runOn(
  files: Record<string, string>,
  { ci = false, args = [], meanwhile }: RunOptions = {},
): Promise<Outcome> {
  const root = await mkdtemp(join(tmpdir(), "beehive-runner-"));
  try {
    await writeFile(join(root, "package.json"), `{ "type": "module" }`);
    for (const [name, body] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), `import { suite } from ${JSON.stringify(SUITE_MODULE)};\n${body}`);
    }
    const env = { ...process.env, CI: ci ? "true" : "" };
    const command = ["--import", "tsx", "test/run.ts", "--root", root, ...args];
    const child = spawn(process.execPath, command, { env, stdio: ["ignore", "pipe", "pipe"] });
    const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
    const [out, err, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      closed,
      meanwhile?.(child, root),
    ]);
    return { code, output: out + err, lastLine: out.trimEnd().split("\n").at(-1) ?? "" };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const runOnOne = (body: string, options?: RunOptions): Promise<Outcome> => runOn({ "a.test.ts": body }, options);

/** What was printed of a file: from its name to that of the next, or to the summary. */
function blockOf(file: string, output: string): string {
  const [, block = ""] = output.split(new RegExp(`^\\S*/${file}\\n`, "m"));
  return block.split(/^\S+\.test\.ts\n|^FAIL /m)[0] ?? "";
}

const PASSING = `
  const test = suite("Passing");
  test("given nothing, then it passes", () => {});
  test.run();
`;

const test = suite("Runner", { timeoutMs: 20_000 });

test("given tests that pass, when run, then it counts them and exits 0", async () => {
  const { code, lastLine } = await runOn({ "a.test.ts": PASSING, "b.test.ts": PASSING });
  assert.is(lastLine, "2 passed, 0 failed");
  assert.is(code, 0);
});

test("given a pattern, when run, then only the files whose path matches are run", async () => {
  const { code, lastLine } = await runOn({ "a.test.ts": PASSING, "b.test.ts": "throw 1" }, { args: ["a\\.test"] });
  assert.is(lastLine, "1 passed, 0 failed");
  assert.is(code, 0);
});

test("given a skipped test, when run, then it is counted apart", async () => {
  const { code, lastLine } = await runOnOne(`
    const test = suite("Skipping");
    test("runs", () => {});
    test.skip("does not", () => {});
    test.run();
  `);
  assert.is(lastLine, "1 passed, 0 failed, 1 skipped");
  assert.is(code, 0);
});

test("given a failing assertion, when run, then the difference and the place are shown", async () => {
  const { code, output, lastLine } = await runOnOne(`
    const assert = await import(${JSON.stringify(import.meta.resolve("uvu/assert"))});
    const test = suite("Failing");
    test("compares", () => assert.equal({ id: "ada" }, { id: "bob" }));
    test.run();
  `);
  assert.is(lastLine, "0 passed, 1 failed");
  assert.is(code, 1);
  assert.match(output, /FAIL .*a\.test\.ts › Failing › compares/);
  assert.match(output, /--.*"id": "bob"|"bob"/);
  assert.match(output, /at .*a\.test\.ts:\d+:\d+/);
});

/** What uvu lets pass: what the file does, how it is run, and what the runner must say about it. */
const FALSE_PASSES: { given: string; body: string; says: RegExp; closes: string; ci?: boolean }[] = [
  {
    given: "a before hook that throws",
    body: `
      const test = suite("S");
      test.before(() => { throw new Error("no ground"); });
      test("one", () => {});
      test("two", () => {});
      test.run();
    `,
    says: /S › before\n.*no ground[^]*2 of 2 tests did not run/,
    closes: "0 passed, 2 failed",
  },
  {
    given: "a before.each hook that throws",
    body: `
      const test = suite("S");
      test.before.each(() => { throw new Error("no ground"); });
      test("one", () => {});
      test.run();
    `,
    says: /S › one › before\.each\n.*no ground/,
    closes: "0 passed, 2 failed",
  },
  {
    given: "an after.each hook that throws once",
    body: `
      const test = suite("S");
      let first = true;
      test.after.each(() => { if (first) { first = false; throw new Error("not cleaned"); } });
      test("one", () => {});
      test("two", () => {});
      test.run();
    `,
    says: /S › one › after\.each\n.*not cleaned/,
    closes: "2 passed, 1 failed",
  },
  {
    given: "an after hook that throws",
    body: `
      const test = suite("S");
      test.after(() => { throw new Error("not closed"); });
      test("one", () => {});
      test.run();
    `,
    says: /S › after\n.*not closed/,
    closes: "1 passed, 1 failed",
  },
  {
    given: "an after hook that hangs",
    body: `
      const test = suite("S", { timeoutMs: 50 });
      test.after(() => new Promise(() => {}));
      test("one", () => {});
      test.run();
    `,
    says: /the after hook took longer than its limit of 50 ms/,
    closes: "1 passed, 1 failed",
  },
  {
    given: "a suite that is never run",
    body: `
      const test = suite("S");
      test("one", () => {});
    `,
    says: /call \.run\(\)/,
    closes: "0 passed, 1 failed",
  },
  {
    given: "a suite without tests",
    body: `suite("S").run();`,
    says: /S\n.*the suite declares no test/,
    closes: "0 passed, 1 failed",
  },
  {
    given: "a file without suites",
    body: ``,
    says: /a\.test\.ts\n.*the file declares no suite/,
    closes: "0 passed, 1 failed",
  },
  {
    given: "a file that can't be loaded",
    body: `await import("./missing.ts");`,
    says: /Cannot find module/,
    closes: "0 passed, 2 failed",
  },
  {
    given: "a test that hangs",
    body: `
      const test = suite("S", { timeoutMs: 50 });
      test("hangs", () => new Promise(() => {}));
      test("follows", () => {});
      test.run();
    `,
    says: /S › hangs\n.*the test took longer than its limit of 50 ms/,
    closes: "1 passed, 1 failed",
  },
  {
    given: "a test that throws no error but a string",
    body: `
      const test = suite("S");
      test("throws", () => { throw "a string"; });
      test("follows", () => {});
      test.run();
    `,
    says: /S › throws\n.*a string/,
    closes: "1 passed, 1 failed",
  },
  {
    given: "a rejection that nobody handles",
    body: `
      const test = suite("S");
      test("one", () => { void Promise.reject(new Error("lost")); });
      test.run();
    `,
    says: /a\.test\.ts › unhandled rejection\n.*lost/,
    closes: "1 passed, 1 failed",
  },
  {
    given: "an exception out of a timer",
    body: `
      const test = suite("S");
      test("one", () => { setTimeout(() => { throw new Error("late"); }); });
      test.run();
    `,
    says: /a\.test\.ts › uncaught exception\n.*late/,
    closes: "1 passed, 1 failed",
  },
  {
    given: "a server that is left open",
    body: `
      import { createServer } from "node:http";
      const test = suite("S");
      test("one", () => new Promise((resolve) => createServer().listen(0, "127.0.0.1", resolve)));
      test.run();
    `,
    says: /the file left handles open: TCPServerWrap/,
    closes: "1 passed, 1 failed",
  },
  {
    given: "a test that ends the process with success",
    body: `
      const test = suite("S");
      test("one", () => process.exit(0));
      test.run();
    `,
    says: /the process ended before its tests did/,
    closes: "0 passed, 1 failed",
  },
  {
    given: ".only in CI",
    body: `
      const test = suite("S");
      test("one", () => {});
      test.only("two", () => {});
      test.run();
    `,
    ci: true,
    says: /\.only leaves other tests out/,
    closes: "1 passed, 1 failed, 1 skipped",
  },
];

test("given all that may pass falsely, when processes share it, then each fails and says so as it does alone", async () => {
  const name = (given: string): string => `${given.replaceAll(/\W+/g, "-")}.test.ts`;
  const files = FALSE_PASSES.map(({ given, body }): [string, string] => [name(given), body]);
  const { code, output, lastLine } = await runOn(Object.fromEntries(files), { ci: true, args: ["--workers", "2"] });
  for (const { given, says } of FALSE_PASSES) {
    // Where nothing is said of a test, the name of the file is what is looked for.
    const block = `a.test.ts\n${blockOf(name(given), output)}`.replaceAll(name(given), "a.test.ts");
    assert.match(block, says, given);
  }
  const sum = (word: string): number =>
    FALSE_PASSES.reduce((total, { closes }) => total + Number(new RegExp(`(\\d+) ${word}`).exec(closes)?.[1] ?? 0), 0);
  assert.is(lastLine, `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  assert.is(code, 1);
});

for (const { given, body, says, closes, ci = false } of FALSE_PASSES) {
  test(`given ${given}, when run, then it fails and says so`, async () => {
    const { code, output, lastLine } = await runOnOne(body, { ci });
    assert.match(output, says);
    assert.is(lastLine, closes);
    assert.is(code, 1);
  });
}

test("given .only at a desk, when run, then it is allowed and the rest counts as skipped", async () => {
  const { code, lastLine } = await runOnOne(`
    const test = suite("S");
    test("one", () => {});
    test.only("two", () => {});
    test.run();
  `);
  assert.is(lastLine, "1 passed, 0 failed, 1 skipped");
  assert.is(code, 0);
});

test("given no test file at all, when run, then it fails", async () => {
  const { code, output, lastLine } = await runOn({});
  assert.match(output, /no test file matches/);
  assert.is(lastLine, "0 passed, 1 failed");
  assert.is(code, 1);
});

test("given a file that leaks, when the next one is run, then only the first is blamed", async () => {
  const { output, lastLine } = await runOn({
    "a.test.ts": `
      import { createServer } from "node:net";
      const test = suite("Leaking");
      test("one", () => new Promise((resolve) => createServer().listen(0, "127.0.0.1", resolve)));
      test.run();
    `,
    "b.test.ts": PASSING,
  });
  assert.match(output, /FAIL .*a\.test\.ts\n/);
  assert.not.match(output, /FAIL .*b\.test\.ts/);
  assert.is(lastLine, "2 passed, 1 failed");
});

/** A file that says something, waits until another has begun too, and says something again. */
const meeting = (own: string, other: string): string => `
  import { existsSync, writeFileSync } from "node:fs";
  const test = suite("${own}");
  test("meets ${other}", async () => {
    console.log("${own} came");
    writeFileSync(new URL("${own}", import.meta.url), "");
    while (!existsSync(new URL("${other}", import.meta.url))) await new Promise((resolve) => setTimeout(resolve, 10));
    console.error("${own} went");
  });
  test.run();
`;

test("given several files, when processes share them, then they run side by side and each one's output is in one piece", async () => {
  const files = { "a.test.ts": meeting("Ada", "Bob"), "b.test.ts": meeting("Bob", "Ada") };
  const { code, output, lastLine } = await runOn(files, { args: ["--workers", "2"] });
  assert.match(blockOf("a.test.ts", output), /^ Ada {2}Ada came\nAda went\n• .*\(1 \/ 1\)\n\n/);
  assert.match(blockOf("b.test.ts", output), /^ Bob {2}Bob came\nBob went\n• .*\(1 \/ 1\)\n\n/);
  assert.is(lastLine, "2 passed, 0 failed");
  assert.is(code, 0);
});

test("given one worker, when several files are run, then in the runner's own process", async () => {
  const remembers = `
    globalThis.times = (globalThis.times ?? 0) + 1;
    const test = suite("S");
    test(\`is number \${globalThis.times} in \${process.argv[1]}\`, () => { throw new Error("no"); });
    test.run();
  `;
  const { output } = await runOn({ "a.test.ts": remembers, "b.test.ts": remembers }, { args: ["--workers", "1"] });
  assert.match(blockOf("b.test.ts", output), /is number 2 in .*run\.ts/);
});

/** How a process may go while it runs a file, and what is said then. */
const DEATHS: { given: string; ends: string; says: RegExp; args?: readonly string[] }[] = [
  { given: "is killed", ends: `process.kill(process.pid, "SIGKILL")`, says: /before its tests did, by SIGKILL/ },
  { given: "exits", ends: `process.exit(0)`, says: /before its tests did, with exit code 0/ },
  {
    given: "hangs",
    ends: `for (;;);`,
    says: /no sign of life for 3000 ms and was killed/,
    args: ["--hang-limit", "3000"],
  },
];

for (const { given, ends, says, args = [] } of DEATHS) {
  test(`given a process that ${given} over a file, when others are left, then that file fails, nothing it said is lost, and the others run`, async () => {
    const dying = `
      const test = suite("Dying");
      test("passes", () => {});
      test("fails", () => { throw new Error("what went before"); });
      test("ends it", async () => { console.log("last words"); ${ends}; await new Promise(() => {}); });
      test.run();
    `;
    const files = { "a.test.ts": dying, "b.test.ts": PASSING, "c.test.ts": PASSING, "d.test.ts": PASSING };
    const { code, output, lastLine } = await runOn(files, { args: ["--workers", "2", ...args] });
    const block = blockOf("a.test.ts", output);
    assert.match(block, says);
    assert.match(block, /Dying › fails\n.*what went before/);
    assert.match(block, /last words/);
    assert.is(lastLine, "4 passed, 2 failed");
    assert.is(code, 1);
  });
}

test("given a process that does not end after its last file, when the run ends, then that file fails and nothing waits", async () => {
  const clinging = `
    process.on("exit", () => { for (;;); });
    ${PASSING}
  `;
  const args = ["--workers", "2", "--hang-limit", "3000"];
  const { code, output, lastLine } = await runOn({ "a.test.ts": clinging, "b.test.ts": PASSING }, { args });
  assert.match(output, /FAIL .*a\.test\.ts\n.*the process did not end within 3000 ms and was killed/);
  assert.is(lastLine, "2 passed, 1 failed");
  assert.is(code, 1);
});

test("given files that measure, when processes share the rest, then they run alone, after it", async () => {
  const noting = (name: string): string => `
    import { appendFileSync } from "node:fs";
    const note = (text) => appendFileSync(new URL("${name.includes("/") ? ".." : "."}/notes", import.meta.url), text);
    const test = suite("S");
    test("notes", async () => {
      note("<");
      await new Promise((resolve) => setTimeout(resolve, 100));
      note(">");
    });
    test.run();
  `;
  const names = ["bench/a.test.ts", "bench/b.test.ts", "c.test.ts", "d.test.ts"];
  let notes = "";
  const { output } = await runOn(Object.fromEntries(names.map((name) => [name, noting(name)])), {
    args: ["--workers", "2"],
    async meanwhile(runner, root) {
      await new Promise((resolve) => runner.once("exit", resolve));
      notes = await readFile(join(root, "notes"), "utf8");
    },
  });
  assert.match(notes, /^[<>]{4}<><>$/);
  assert.match(output, /\/[cd]\.test\.ts\n[^]*\/[cd]\.test\.ts\n[^]*bench\/a\.test\.ts\n[^]*bench\/b\.test\.ts\n/);
});

test("given a run of several processes, when it is interrupted, then all of them end and it says so", async () => {
  const endless = `
    import { writeFileSync } from "node:fs";
    const test = suite("Endless", { timeoutMs: 60_000 });
    test("waits", async () => {
      writeFileSync(new URL("pid-" + process.pid, import.meta.url), "");
      await new Promise((resolve) => setTimeout(resolve, 50_000));
    });
    test.run();
  `;
  let pids: number[] = [];
  const { code, output } = await runOn(
    { "a.test.ts": endless, "b.test.ts": endless, "c.test.ts": PASSING },
    {
      args: ["--workers", "2"],
      async meanwhile(runner, root) {
        while (pids.length < 2) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          const names = (await readdir(root)).filter((name) => name.startsWith("pid-"));
          pids = names.map((name) => Number(name.slice("pid-".length)));
        }
        runner.kill("SIGINT");
      },
    },
  );
  assert.is(code, 130);
  assert.match(output, /the run was interrupted by SIGINT/);
  assert.not.match(output, /c\.test\.ts/);
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), /ESRCH/);
});

test.run();
