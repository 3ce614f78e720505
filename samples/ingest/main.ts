/** Devices and webhooks on the command line: `npm run sample -- ingest`. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { openProvider, systemClock } from "beehive-actors";
import { problemsOf, runIngest, type Report } from "./ingest.ts";

const usage = `Usage: npm run sample -- ingest [options]

  --provider URL    memory:, sqlite:FILE or postgres://… (default: the variable BEEHIVE_PROVIDER, else memory:)
  --devices N       devices that send readings (default: 50)
  --port N          the port, on this machine only (default: a free one)
  --stay            keep listening until Ctrl-C
  --json            print the report as the last line, in JSON
  --help            show this help

Exits with 0 when all that was accepted came through and all else was refused, 1 when not, 2 for wrong input.
`;

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      provider: { type: "string", default: process.env["BEEHIVE_PROVIDER"] || "memory:" },
      devices: { type: "string", default: "50" },
      port: { type: "string", default: "0" },
      stay: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const [devices, port] = [whole("devices", values.devices), whole("port", values.port)];
  const provider = await openProvider(values.provider, { clock: systemClock });
  try {
    const until = values.stay ? once(process, "SIGINT") : undefined;
    const report = await runIngest({ provider, devices, port, until, say: (text) => console.log(text) });
    const problems = problemsOf(report, devices);
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

function textOf({ accepted, newest, alarms, pool, paid, reported }: Report): string {
  return [
    `${accepted} events were accepted: ${newest} devices are known, ${alarms} of them too hot, ${paid} order is paid.`,
    `The pool of the pager grew from 1 to ${pool}.`,
    ...reported.map(({ handler, path }) => `Reported: ${handler === "" ? "" : `${handler}, `}${path}`),
  ].join("\n");
}
