import type { Output } from "../output.ts";
import { ask } from "./ask.ts";

/**
 * Asks for one of some answers, by number or name, until one of them is given. Empty input takes the default.
 *
 * Returns the default when the input ends.
 *
 * @param answers A note on each answer, by its name.
 */
export async function choose(
  question: string,
  answers: Readonly<Record<string, string>>,
  byDefault: string,
  output: Output,
  signal: AbortSignal,
  input?: NodeJS.ReadableStream,
): Promise<string> {
  const names = Object.keys(answers);
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name, index) => `  ${index + 1}  ${`${name.padEnd(width)}  ${answers[name]}`.trimEnd()}`);
  output.note(`\n${question}\n${lines.join("\n")}`);
  for (;;) {
    const answer = (await ask(`[${byDefault}] `, output, signal, input))?.trim().toLowerCase();
    if (answer === undefined || answer === "") return byDefault;
    const chosen = names[Number(answer) - 1] ?? names.find((name) => name === answer);
    if (chosen !== undefined) return chosen;
    output.note(`Type a number from 1 to ${names.length}, or a name.`);
  }
}
