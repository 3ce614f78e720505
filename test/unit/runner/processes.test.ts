/** The runner when several processes share the files. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { blockOf, PASSING, runOn } from "../../support/runner.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Runner: processes", { timeoutMs: 20_000 });

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

test("processes share files side by side, and keep outputs in one piece", async () => {
  const files = { "a.test.ts": meeting("Ada", "Bob"), "b.test.ts": meeting("Bob", "Ada") };
  const { code, output, lastLine } = await runOn(files, { args: ["--workers", "2"] });
  assert.match(blockOf("a.test.ts", output), /^ Ada {2}Ada came\nAda went\n• .*\(1 \/ 1\)\n\n/);
  assert.match(blockOf("b.test.ts", output), /^ Bob {2}Bob came\nBob went\n• .*\(1 \/ 1\)\n\n/);
  assert.is(lastLine, "2 passed, 0 failed");
  assert.is(code, 0);
});

test("one worker runs files in the process of the runner", async () => {
  const remembers = `
    globalThis.times = (globalThis.times ?? 0) + 1;
    const test = suite("S");
    test(\`is number \${globalThis.times} in \${process.argv[1]}\`, () => { throw new Error("no"); });
    test.run();
  `;
  const { output } = await runOn({ "a.test.ts": remembers, "b.test.ts": remembers }, { args: ["--workers", "1"] });
  assert.match(blockOf("b.test.ts", output), /is number 2 in .*run\.ts/);
});

/** Ways in which a process may end during a file, with the expected message. */
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
  test(`a process that ${given} fails its file, and the others run`, async () => {
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

test("a process that does not end after its last file fails that file", async () => {
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

test("files that measure run alone, after all others", async () => {
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

test("an interrupted run ends all processes and reports it", async () => {
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
