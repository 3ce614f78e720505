import { printable } from "../../base/printable.ts";
import { defineCommand, moduleArgument, type CliCommand } from "../command.ts";
import type { Finding } from "../doctor/finding.ts";
import { findings } from "../doctor/findings.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";

interface Options {
  readonly write?: boolean;
}

export const doctor: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "doctor",
  summary: "examine a project and its provider, with a cure for each finding",
  description:
    "Examines Node, the installed packages, the configuration, the modules, and the provider: whether it can be " +
    "reached, has the queues of the modules, and has the same time. Changes nothing without --write. Ends with 1 when " +
    "it finds a problem; warnings alone end with 0.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .option("--provider <url>", "the provider to examine")
      .option("--write", "prove the right to write too: take and release a lock called beehive-doctor"),
  examples: [
    ["beehive doctor", "the project of this folder, with the modules of its configuration"],
    ["beehive doctor dist/actors.js --provider aws:?region=eu-west-1 --write", "before the first start in a cloud"],
  ],
  async run(context, { write = false }, modules) {
    const { output } = context;
    const all: Finding[] = [];
    for await (const finding of findings(context, modules, { write })) {
      all.push(finding);
      if (!output.json) output.print(lineOf(output, finding));
    }
    if (output.json) output.result(all);
    return all.some(({ state }) => state === "problem") ? exitCode.failed : exitCode.well;
  },
});

const marks = { well: "ok", warning: "warning", problem: "problem", skipped: "-" } as const;
const colors = { well: "green", warning: "yellow", problem: "red", skipped: "dim" } as const;

function lineOf(output: Output, { check, state, text, cure }: Finding): string {
  const head = `${output.style(colors[state], marks[state].padEnd(7))}  ${check.padEnd(13)}  ${printable(text)}`;
  return cure === undefined ? head : `${head}\n${" ".repeat(24)}${printable(cure)}`;
}
