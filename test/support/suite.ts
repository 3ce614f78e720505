/**
 * uvu's `suite` with a time limit for every test and hook, and a record of all declared tests, so that the
 * runner knows suites that never ran. The API is that of uvu:
 *
 *     const test = suite("Event");
 *     test("a body that is read is the same", async () => { ... });
 *     test.run();
 */
import { performance } from "node:perf_hooks";
import { suite as uvuSuite, type Callback, type Test } from "uvu";
import { withDeadline } from "../runner/deadline.ts";
import { currentFile, SuiteRecord } from "../runner/ledger.ts";
import { patience } from "../runner/patience.ts";

export interface SuiteOptions {
  /** Time limit of each test and hook; CI multiplies it. @default 10_000 */
  readonly timeoutMs?: number;
  /** Why no test of the suite can run here. CI has what all need, so that there it is a failure. */
  readonly skip?: string | undefined;
  /** Skips in CI, too, for what a machine may not have, such as a browser. @default false */
  readonly skipInCi?: boolean;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const SLOW_MS = 500;

export function suite(
  name: string,
  { timeoutMs = DEFAULT_TIMEOUT_MS, skip: missing, skipInCi = false }: SuiteOptions = {},
): Test {
  const inner = uvuSuite(name);
  const limitMs = timeoutMs * patience;
  const file = currentFile();
  const record = new SuiteRecord(name);
  record.missing = missing;
  record.mayMiss = skipInCi;
  file.suites.push(record);

  const timedTest =
    (title: string, body: Callback): Callback =>
    async (context) => {
      const where = `${name} › ${title}`;
      const start = performance.now();
      record.started++;
      try {
        await withDeadline("the test", limitMs, () => body(context));
        record.passed++;
      } catch (error) {
        file.fail(where, error);
        // uvu stops at a thrown value other than an Error, so always throw an Error.
        throw new Error(where, { cause: error });
      } finally {
        const ms = performance.now() - start;
        if (ms >= SLOW_MS) file.slow.push({ where, ms });
      }
    };

  /**
   * uvu drops errors of hooks. A failing `before` is thrown again, so that its tests do not run without their
   * set-up. A failing `after` is only recorded, so that later hooks and tests still run.
   */
  const timedHook =
    (kind: string, throwOn: boolean, body: Callback): Callback =>
    async (context) => {
      try {
        await withDeadline(`the ${kind} hook`, limitMs, () => body(context));
      } catch (error) {
        file.fail([name, context.__test__, kind].filter(Boolean).join(" › "), error);
        if (throwOn) throw new Error(kind, { cause: error });
      }
    };

  const test = (title: string, body: Callback): void => {
    if (missing !== undefined) return skip();
    record.tests++;
    inner(title, timedTest(title, body));
  };
  const only = (title: string, body: Callback): void => {
    record.only++;
    inner.only(title, timedTest(title, body));
  };
  const skip = (): void => {
    record.skipped++;
    inner.skip();
  };
  const run = (): void => {
    record.wasRun = true;
    if (missing !== undefined) console.log(`  ${name}: ${record.skipped} tests skipped: ${missing}`);
    inner.run();
  };
  const hook =
    (add: (hook: Callback) => void, kind: string, throwOn: boolean) =>
    (body: Callback): void => {
      if (missing === undefined) add(timedHook(kind, throwOn, body));
    };
  const before = hook(inner.before, "before", true);
  const after = hook(inner.after, "after", false);
  const beforeEach = hook((body) => inner.before.each(body), "before.each", true);
  const afterEach = hook((body) => inner.after.each(body), "after.each", false);

  return Object.assign(test, {
    only,
    skip,
    run,
    before: Object.assign(before, { each: beforeEach }),
    after: Object.assign(after, { each: afterEach }),
  });
}
