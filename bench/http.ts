import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { programOf } from "./contest/build.ts";
import type { Effort, Outcome } from "./outcome.ts";
import { versionsOf } from "./peers.ts";
import { scratchFolder } from "./servers/scratch.ts";
import { spreadOf } from "./statistics.ts";
import { numberOf, spreadText } from "./table.ts";

interface Load {
  readonly name: string;
  /** Events in each request. */
  readonly batch: number;
  readonly connections: number;
  /** Handles the events in the same process meanwhile. */
  readonly works: boolean;
}

const loads: readonly Load[] = [
  { name: "one event a request", batch: 1, connections: 64, works: false },
  { name: "100 events a request", batch: 100, connections: 16, works: false },
  { name: "100 events a request, handled meanwhile", batch: 100, connections: 16, works: true },
];

/** The part of autocannon's report that is used. */
interface Report {
  readonly "2xx": number;
  readonly non2xx: number;
  readonly errors: number;
  readonly duration: number;
  readonly latency: { readonly p50: number; readonly p99: number };
}

/** Measures the events that are taken over HTTP on loopback, durable in SQLite before each answer. */
export async function http({ rounds, seconds }: Effort): Promise<Outcome> {
  const measured = new Map<Load, { readonly perSecond: number[]; readonly p50: number[]; readonly p99: number[] }>(
    loads.map((load) => [load, { perSecond: [], p50: [], p99: [] }]),
  );
  for (let round = 0; round < rounds; round++)
    for (const [load, { perSecond, p50, p99 }] of measured) {
      const report = await run(load, Math.max(1, Math.round(seconds)));
      if (report.errors + report.non2xx > 0) throw new Error(`${load.name}: ${JSON.stringify(report)}`);
      perSecond.push((report["2xx"] * load.batch) / report.duration);
      p50.push(report.latency.p50);
      p99.push(report.latency.p99);
    }
  return {
    tables: [
      {
        title: "Events over HTTP, on SQLite at full sync",
        columns: ["load", "events a second", "ms to the answer, median", "ms, 99 of 100"],
        rows: [...measured].map(([{ name }, { perSecond, p50, p99 }]) => [
          name,
          spreadText(spreadOf(perSecond)),
          numberOf(spreadOf(p50).median),
          numberOf(spreadOf(p99).median),
        ]),
        notes: ["The load comes from autocannon on the same machine, which takes its part of the processors."],
      },
    ],
    versions: versionsOf("autocannon"),
    figures: Object.fromEntries(
      [...measured].map(([{ name }, { perSecond }]) => [`http:${name}`, spreadOf(perSecond).median]),
    ),
  };
}

async function run({ batch, connections, works }: Load, seconds: number): Promise<Report> {
  using folder = scratchFolder();
  const args = [programOf({ file: "http-edge", peer: false }), join(folder.path, "hive.db"), String(works)];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [port] = (await once(server.stdout.setEncoding("utf8"), "data")) as [string];
    const reading = `${JSON.stringify({ device: "oven-17", celsius: 71.5, at: "2026-01-01T00:00:00.000Z" })}\n`;
    const cannon = [
      join(import.meta.dirname, "peers/node_modules/autocannon/autocannon.js"),
      ...["--json", "--method", "POST", "--headers", "content-type=application/x-ndjson"],
      ...[
        "--connections",
        String(connections),
        "--duration",
        String(seconds),
        "--warmup",
        "[",
        "-c",
        "4",
        "-d",
        "1",
        "]",
      ],
      ...["--body", reading.repeat(batch), `http://127.0.0.1:${port.trim()}/ingest/readings`],
    ];
    const { stdout } = await promisify(execFile)(process.execPath, cannon, { maxBuffer: 1 << 24 });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Report;
  } finally {
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
  }
}
