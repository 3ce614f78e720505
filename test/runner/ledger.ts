/**
 * Compares the declared tests of a file with those that ran. uvu reports only tests that ran; the runner
 * needs to know about all others, too.
 *
 * This file imports nothing: the runner loads it before uvu, which must not yet be there.
 */

/** A failure and its place: a test, a hook, or the file as a whole. */
export interface Failure {
  readonly where: string;
  readonly error: unknown;
}

export class SuiteRecord {
  tests = 0;
  only = 0;
  skipped = 0;
  started = 0;
  passed = 0;
  wasRun = false;
  /** The missing tool that its tests need. */
  missing: string | undefined;
  /** True if CI may lack that tool. */
  mayMiss = false;

  constructor(readonly name: string) {}

  /** True with `.only`, which makes uvu leave out the other tests of the suite. */
  get leftOut(): number {
    return this.only > 0 ? this.tests : 0;
  }

  get expected(): number {
    return this.only || this.tests;
  }
}

/** Result of a file, final or so far. */
export interface FileOutcome {
  readonly file: string;
  readonly passed: number;
  readonly skipped: number;
  readonly failures: Failure[];
  readonly slow: { readonly where: string; readonly ms: number }[];
}

export class FileRecord implements FileOutcome {
  readonly suites: SuiteRecord[] = [];
  readonly failures: Failure[] = [];
  readonly slow: FileOutcome["slow"] = [];

  /** @param onFailure Called for each failure at once, in case the process dies before its end. */
  constructor(
    readonly file: string,
    readonly onFailure: (record: FileRecord) => void = () => {},
  ) {}

  get passed(): number {
    return this.suites.reduce((sum, suite) => sum + suite.passed, 0);
  }

  get skipped(): number {
    return this.suites.reduce((sum, suite) => sum + suite.skipped + suite.leftOut, 0);
  }

  fail(where: string, error: unknown): void {
    this.failures.push({ where, error });
    this.onFailure(this);
  }

  /** Ends the account of the file: each declared test that did not run is a failure. */
  close({ ci }: { readonly ci: boolean }): void {
    if (this.suites.length === 0) this.fail("", "the file declares no suite");
    for (const suite of this.suites) {
      const missing = suite.expected - suite.started;
      if (suite.missing !== undefined && (!ci || suite.mayMiss)) continue;
      if (suite.missing !== undefined) this.fail(suite.name, `CI skips no suite: ${suite.missing}`);
      else if (suite.expected === 0) this.fail(suite.name, "the suite declares no test that runs");
      else if (!suite.wasRun) this.fail(suite.name, "the suite was never run: call .run() at the end of the file");
      else if (missing > 0) this.fail(suite.name, `${missing} of ${suite.expected} tests did not run`);
      if (suite.only > 0 && ci) this.fail(suite.name, ".only leaves other tests out, which CI does not allow");
    }
  }
}

let current = new FileRecord("(no file)");

/** The record of suites that are declared from now on. */
export function openFile(file: string, onFailure?: (record: FileRecord) => void): FileRecord {
  current = new FileRecord(file, onFailure);
  return current;
}

export function currentFile(): FileRecord {
  return current;
}
