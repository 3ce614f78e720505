/** The members on the command line: `npm run sample -- members`. */
import { parseArgs } from "node:util";
import { openProvider, systemClock } from "beehive-actors";
import { feedOf } from "./feed.ts";
import { problemsOf, runMembers, type Report } from "./members.ts";

const usage = `Usage: npm run sample -- members [options]

  --provider URL    memory:, sqlite:FILE or postgres://… (default: the variable BEEHIVE_PROVIDER, else memory:)
  --entries N       members, companies and contacts each (default: 50)
  --seed N          seed of the changes (default: 1)
  --interval MS     how long batches wait for company (default: 30 s, as stages.ini says)
  --json            print the invariants as the last line, in JSON
  --help            show this help

Exits with 0 when the invariants hold, 1 when they do not, 2 for wrong input.
`;

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      provider: { type: "string", default: process.env["BEEHIVE_PROVIDER"] || "memory:" },
      entries: { type: "string", default: "50" },
      seed: { type: "string", default: "1" },
      interval: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const feed = feedOf(whole("entries", values.entries), whole("seed", values.seed));
  const interval = values.interval === undefined ? undefined : whole("interval", values.interval);
  const provider = await openProvider(values.provider, { clock: systemClock });
  try {
    const report = await runMembers({ provider, feed, interval, say: (text) => console.log(text) });
    const problems = problemsOf(report, feed);
    console.log(values.json ? JSON.stringify(report) : textOf(report));
    for (const problem of problems) console.error(problem);
    return problems.length > 0 ? 1 : 0;
  } finally {
    await provider.close();
  }
}

function whole(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${option} must be a whole number from 0.`);
}

function textOf({ stages, actors, stored, noticed, flagged, audited, durationMs }: Report): string {
  return [
    `${actors} actors on ${stages} stages stored ${stored} entries.`,
    `${noticed} welcomes, ${flagged} entries without e-mail, ${audited} saved changes.`,
    `It took ${(durationMs / 1_000).toFixed(1)} s.`,
  ].join("\n");
}
