/** The books on the command line: `npm run sample -- books`. */
import { parseArgs } from "node:util";
import { openProvider, systemClock } from "beehive-actors";
import { problemsOf, runBooks, type Report } from "./books.ts";

const usage = `Usage: npm run sample -- books [options]

  --provider URL    memory:, sqlite:FILE or postgres://… (default: the variable BEEHIVE_PROVIDER, else memory:)
  --invoices N      invoices to write (default: 100)
  --json            print the report as the last line, in JSON
  --help            show this help

Exits with 0 when the books balance and follow from the event store, 1 when they do not, 2 for wrong input.
`;

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      provider: { type: "string", default: process.env["BEEHIVE_PROVIDER"] || "memory:" },
      invoices: { type: "string", default: "100" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (!/^[1-9]\d{0,5}$/.test(values.invoices)) throw new Error("--invoices must be a whole number from 1.");
  const provider = await openProvider(values.provider, { clock: systemClock });
  try {
    const report = await runBooks(provider, Number(values.invoices));
    const problems = problemsOf(report);
    console.log(values.json ? JSON.stringify(report) : textOf(report));
    for (const problem of problems) console.error(problem);
    return problems.length > 0 ? 1 : 0;
  } finally {
    await provider.close();
  }
}

function textOf({ commands, posted, refused, sum, derived, traced }: Report): string {
  return [
    `${commands} invoices: ${posted} entries are posted, ${refused} are refused.`,
    `The balances add up to ${sum}, and ${derived ? "follow" : "DO NOT FOLLOW"} from the event store.`,
    `The first invoice went through ${traced.join(", ")}.`,
  ].join("\n");
}
