import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { Output } from "../output.ts";
import { aborted } from "./interruption.ts";

/** Returns whether there is a person to ask. */
export function canAsk(output: Output): boolean {
  return process.stdin.isTTY === true && output.showsProgress;
}

/** Asks on the terminal. Returns the line that was typed; `undefined` when the input ended or the command was stopped. */
export async function ask(
  question: string,
  output: Output,
  signal: AbortSignal,
  input: NodeJS.ReadableStream = process.stdin,
): Promise<string | undefined> {
  const lines = createInterface({ input, output: output.stderr });
  // readline intercepts Ctrl-C, and after Ctrl-D it never resolves.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const noAnswer = Promise.race([once(lines, "close"), aborted(signal)]).then(() => undefined);
  try {
    return await Promise.race([lines.question(question), noAnswer]);
  } finally {
    lines.close();
  }
}
