/**
 * What the suites of one test file declared and what became of it. uvu reports only what it ran; the runner
 * needs to know what it should have run, and this is where the two are compared.
 *
 * This file imports nothing: the runner loads it before uvu, which must not yet be there.
 */

/** One thing that went wrong, and where: a test, a hook, or the file as a whole. */
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
  /** What its tests need and is not here. */
  missing: string | undefined;

  constructor(readonly name: string) {}

  /** With `.only` uvu leaves the other tests of the suite out. */
  get leftOut(): number {
    return this.only > 0 ? this.tests : 0;
  }

  get expected(): number {
    return this.only || this.tests;
  }
}

/** What became of a file, in the end or so far. */
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

  /** @param onFailure told of each failure at once, should the process not live to tell them later. */
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

  /** Ends the file's account: whatever was declared and did not happen is a failure. */
  close({ ci }: { readonly ci: boolean }): void {
    if (this.suites.length === 0) this.fail("", "the file declares no suite");
    for (const suite of this.suites) {
      const missing = suite.expected - suite.started;
      if (suite.missing !== undefined && !ci) continue;
      if (suite.missing !== undefined) this.fail(suite.name, `CI skips no suite: ${suite.missing}`);
      else if (suite.expected === 0) this.fail(suite.name, "the suite declares no test that runs");
      else if (!suite.wasRun) this.fail(suite.name, "the suite was never run: call .run() at the end of the file");
      else if (missing > 0) this.fail(suite.name, `${missing} of ${suite.expected} tests did not run`);
      if (suite.only > 0 && ci) this.fail(suite.name, ".only leaves other tests out, which CI does not allow");
    }
  }
}

let current = new FileRecord("(no file)");

/** The record that suites declared from now on belong to. */
export function openFile(file: string, onFailure?: (record: FileRecord) => void): FileRecord {
  current = new FileRecord(file, onFailure);
  return current;
}

export function currentFile(): FileRecord {
  return current;
}
