/** The news feed on the command line: `npm run sample -- news-feed`. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openProvider, systemClock } from "beehive-actors";
import { problemsOf, runNewsFeed, type Report } from "./news-feed.ts";

const usage = `Usage: npm run sample -- news-feed [options]

  --provider URL    memory:, sqlite:FILE or postgres://… (default: the variable BEEHIVE_PROVIDER, else memory:)
  --feeds FOLDER    the files of the channels, which are written there (default: a new temporary folder)
  --items N         items of each channel (default: 40)
  --json            print the report as the last line, in JSON
  --help            show this help

Exits with 0 when every reader got every notification once, 1 when not, 2 for wrong input.
`;

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      provider: { type: "string", default: process.env["BEEHIVE_PROVIDER"] || "memory:" },
      feeds: { type: "string" },
      items: { type: "string", default: "40" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (!/^[1-9]\d{0,5}$/.test(values.items)) throw new Error("--items must be a whole number from 1.");
  const folder = values.feeds ?? (await mkdtemp(join(tmpdir(), "news-feed-")));
  const provider = await openProvider(values.provider, { clock: systemClock });
  try {
    const { atomicStep } = provider.capabilities;
    // A crash between the mark of what was read and its events would lose the events.
    if (atomicStep !== true)
      throw new Error(`The news feed needs atomic steps: ${provider.name} has none. ${atomicStep}`);
    const report = await runNewsFeed(provider, { folder, items: Number(values.items) });
    const problems = problemsOf(report);
    console.log(values.json ? JSON.stringify(report) : textOf(report));
    for (const problem of problems) console.error(problem);
    return problems.length > 0 ? 1 : 0;
  } finally {
    await provider.close();
  }
}

function textOf({ channels, items, notifications, durationMs }: Report): string {
  return `${items} items of ${channels} channels were read in ${(durationMs / 1_000).toFixed(1)} s; ${notifications} notifications went out.`;
}
