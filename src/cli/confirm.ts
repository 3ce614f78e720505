import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { UsageError } from "./exit-code.ts";
import { aborted } from "./interruption.ts";
import type { Output } from "./output.ts";

/** Asks a person whether to go on. @throws UsageError when there is nobody to ask. */
export async function confirm(question: string, output: Output, signal: AbortSignal): Promise<boolean> {
  if (process.stdin.isTTY !== true || !output.showsProgress)
    throw new UsageError(`${question} Nobody can be asked here: add --yes.`);
  const lines = createInterface({ input: process.stdin, output: output.stderr });
  // Reading lines takes Ctrl-C from the terminal, and after Ctrl-D no answer comes.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const noAnswer = Promise.race([once(lines, "close"), aborted(signal)]).then(() => "");
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), noAnswer]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
