import { UsageError } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { ask, canAsk } from "./ask.ts";

/** Asks for confirmation. @throws UsageError without a terminal. */
export async function confirm(question: string, output: Output, signal: AbortSignal): Promise<boolean> {
  if (!canAsk(output)) throw new UsageError(`${question} There is no terminal to ask on: add --yes.`);
  const answer = await ask(`${question} [y/N] `, output, signal);
  return /^y(es)?$/i.test(answer?.trim() ?? "");
}
