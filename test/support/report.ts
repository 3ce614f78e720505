/** Everything that the runner prints, beside the dots that uvu prints for each test. */
import { inspect, styleText } from "node:util";
import type { Failure, FileRecord } from "./ledger.ts";

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  process.stdout.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;

export function startFile(record: FileRecord): void {
  write(paint("bold", record.file));
}

export function endFile(record: FileRecord): void {
  for (const { where, ms } of record.slow) write(paint("yellow", `  slow: ${(ms / 1000).toFixed(1)} s  ${where}`));
  for (const failure of record.failures) write(describe(record, failure));
  write("");
}

export function summary(records: readonly FileRecord[], seconds: number): void {
  const failures = records.flatMap((record) => record.failures.map((failure) => title(record, failure)));
  for (const failure of failures) write(paint("red", `FAIL ${failure}`));
  write(paint("dim", `${records.length} files in ${seconds.toFixed(1)} s`));

  const passed = records.reduce((sum, record) => sum + record.passed, 0);
  const skipped = records.reduce((sum, record) => sum + record.skipped, 0);
  write(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
}

function title(record: FileRecord, { where }: Failure): string {
  return where ? `${record.file} › ${where}` : record.file;
}

function describe(record: FileRecord, failure: Failure): string {
  return `\n${paint(["bold", "red"], `  FAIL ${title(record, failure)}`)}\n${indent(explain(failure.error))}`;
}

/** The message, the difference that uvu's assertions carry, the frames in our own code, and the cause. */
function explain(error: unknown): string {
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
  const ours = frames.filter((frame) => !/node:|node_modules|\/test\/(run|support\/(suite|deadline))\.ts/.test(frame));
  return [stack.slice(0, at), (ours.length > 0 ? ours : frames).join("\n")];
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "    ");
}
