/** The runner on folders of test files that each try to pass falsely. */
import * as assert from "uvu/assert";
import { blockOf, PASSING, runOn, runOnOne } from "../../support/runner.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Runner", { timeoutMs: 20_000 });

test("tests that pass are counted, and the run exits with 0", async () => {
  const { code, lastLine } = await runOn({ "a.test.ts": PASSING, "b.test.ts": PASSING });
  assert.is(lastLine, "2 passed, 0 failed");
  assert.is(code, 0);
});

test("a pattern selects files by their paths", async () => {
  const { code, lastLine } = await runOn({ "a.test.ts": PASSING, "b.test.ts": "throw 1" }, { args: ["a\\.test"] });
  assert.is(lastLine, "1 passed, 0 failed");
  assert.is(code, 0);
});

test("a skipped test is counted apart", async () => {
  const { code, lastLine } = await runOnOne(`
    const test = suite("Skipping");
    test("runs", () => {});
    test.skip("does not", () => {});
    test.run();
  `);
  assert.is(lastLine, "1 passed, 0 failed, 1 skipped");
  assert.is(code, 0);
});

const LACKING = `
  const test = suite("Lacking", { skip: "there is no server" });
  test.before(() => { throw new Error("a hook ran"); });
  test("one", () => {});
  test("two", () => {});
  test.run();
`;

test("a suite whose need is not met counts as skipped, with the reason", async () => {
  const { code, output, lastLine } = await runOnOne(LACKING);
  assert.match(output, /Lacking: 2 tests skipped: there is no server/);
  assert.is(lastLine, "0 passed, 0 failed, 2 skipped");
  assert.is(code, 0);
});

test("a suite whose need is not met fails in CI", async () => {
  const { code, output } = await runOnOne(LACKING, { ci: true });
  assert.match(output, /CI skips no suite: there is no server/);
  assert.is(code, 1);
});

test("a failing assertion shows the difference and the place", async () => {
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

/** Faults that uvu lets pass: the content of the file, the way to run it, and the expected report. */
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
    says: /the after hook took longer than its limit of \d+ ms/,
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
    body: `await import("../support/missing.ts");`,
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
    says: /S › hangs\n.*the test took longer than its limit of \d+ ms/,
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

test("whatever passes falsely fails, alone or in shared processes", async () => {
  const name = (given: string): string => `${given.replaceAll(/\W+/g, "-")}.test.ts`;
  const files = FALSE_PASSES.map(({ given, body }): [string, string] => [name(given), body]);
  const { code, output, lastLine } = await runOn(Object.fromEntries(files), { ci: true, args: ["--workers", "2"] });
  for (const { given, says } of FALSE_PASSES) {
    // Failures outside of tests show the name of the file, so use the expected one.
    const block = `a.test.ts\n${blockOf(name(given), output)}`.replaceAll(name(given), "a.test.ts");
    assert.match(block, says, given);
  }
  const sum = (word: string): number =>
    FALSE_PASSES.reduce((total, { closes }) => total + Number(new RegExp(`(\\d+) ${word}`).exec(closes)?.[1] ?? 0), 0);
  assert.is(lastLine, `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  assert.is(code, 1);
});

for (const { given, body, says, closes, ci = false } of FALSE_PASSES) {
  test(`${given} fails the run with the reason`, async () => {
    const { code, output, lastLine } = await runOnOne(body, { ci });
    assert.match(output, says);
    assert.is(lastLine, closes);
    assert.is(code, 1);
  });
}

test(".only is allowed at a desk, and the rest counts as skipped", async () => {
  const { code, lastLine } = await runOnOne(`
    const test = suite("S");
    test("one", () => {});
    test.only("two", () => {});
    test.run();
  `);
  assert.is(lastLine, "1 passed, 0 failed, 1 skipped");
  assert.is(code, 0);
});

test("a run without any test file fails", async () => {
  const { code, output, lastLine } = await runOn({});
  assert.match(output, /no test file matches/);
  assert.is(lastLine, "0 passed, 1 failed");
  assert.is(code, 1);
});

test("a file that leaks is blamed, and the next one is not", async () => {
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

test("a test over its limit that fails later fails no other file", async () => {
  const waiting = (ms: number): string => `
    const test = suite("Waiting");
    test("waits", () => new Promise((resolve) => setTimeout(resolve, ${ms})));
    test.run();
  `;
  const { output, lastLine } = await runOn(
    {
      "a.test.ts": `
        const test = suite("Late", { timeoutMs: 50 });
        test("hangs", () => new Promise((_, reject) => setTimeout(() => {
          reject(new Error("too late"));
          void Promise.reject(new Error("lost"));
        }, 2_000)));
        test.run();
      `,
      "b.test.ts": waiting(4_000),
      "c.test.ts": waiting(4_000),
    },
    { args: ["--workers", "2"] },
  );
  assert.is(lastLine, "2 passed, 2 failed", output);
  assert.not.match(output, /FAIL .*[bc]\.test\.ts/);
});

test.run();
