/** Everything that the runner prints, beside the dots that uvu prints for each test. */
import { inspect, styleText } from "node:util";
import type { Failure, FileOutcome } from "./ledger.ts";

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  process.stdout.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;

export function startFile(file: string): void {
  write(paint("bold", file));
}

export function endFile({ file, slow, failures }: FileOutcome): void {
  for (const { where, ms } of slow) write(paint("yellow", `  slow: ${(ms / 1000).toFixed(1)} s  ${where}`));
  for (const failure of failures) write(describe(file, failure));
  write("");
}

/** Prints the output of a file that ran in another process, in one piece. */
export function wholeFile(outcome: FileOutcome, output: Uint8Array): void {
  startFile(outcome.file);
  process.stdout.write(output);
  endFile(outcome);
}

/** Prints failures of a file after its end, when its block is already printed. */
export function lateFailure(file: string, failure: Failure): void {
  write(describe(file, failure));
  write("");
}

export function summary(outcomes: readonly FileOutcome[], seconds: number): void {
  const failures = outcomes.flatMap(({ file, failures: ones }) => ones.map((failure) => title(file, failure)));
  for (const failure of failures) write(paint("red", `FAIL ${failure}`));
  write(paint("dim", `${outcomes.length} files in ${seconds.toFixed(1)} s`));

  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const skipped = outcomes.reduce((sum, outcome) => sum + outcome.skipped, 0);
  write(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}

function title(file: string, { where }: Failure): string {
  return where ? `${file} › ${where}` : file;
}

function describe(file: string, failure: Failure): string {
  return `\n${paint(["bold", "red"], `  FAIL ${title(file, failure)}`)}\n${indent(explain(failure.error))}`;
}

/** Returns the message, the difference of uvu's assertions, the frames in our own code, and the cause. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : inspect(error);
  const [message, frames] = split(error);
  return [
    message,
    "details" in error && typeof error.details === "string" && error.details,
    frames,
    error.cause !== undefined && `caused by ${explain(error.cause)}`,
  ]
    .filter(Boolean)
    .join("\n");
}

function split(error: Error): [message: string, frames: string] {
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  const at = stack.search(/\n\s+at /);
  if (at < 0) return [stack, ""];
  const frames = stack.slice(at + 1).split("\n");
  const ours = frames.filter(
    (frame) => !/node:|node_modules|\/test\/(support\/(suite|deadline|run-file))\.ts/.test(frame),
  );
  return [stack.slice(0, at), (ours.length > 0 ? ours : frames).join("\n")];
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "    ");
}
