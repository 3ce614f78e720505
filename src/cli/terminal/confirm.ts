import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { UsageError } from "../exit-code.ts";
import { aborted } from "./interruption.ts";
import type { Output } from "../output.ts";

/** Asks for confirmation. @throws UsageError without a terminal. */
export async function confirm(question: string, output: Output, signal: AbortSignal): Promise<boolean> {
  if (process.stdin.isTTY !== true || !output.showsProgress)
    throw new UsageError(`${question} There is no terminal to ask on: add --yes.`);
  const lines = createInterface({ input: process.stdin, output: output.stderr });
  // readline intercepts Ctrl-C, and after Ctrl-D it never resolves.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const noAnswer = Promise.race([once(lines, "close"), aborted(signal)]).then(() => "");
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), noAnswer]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
