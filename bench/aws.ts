import { awsRequests } from "./aws-requests.ts";
import { programOf } from "./contest/build.ts";
import { contest, type Entry } from "./contest/contest.ts";
import { Racer } from "./contest/racer.ts";
import type { Shares } from "./child/profile.ts";
import type { Effort, Outcome } from "./outcome.ts";
import type { Server } from "./servers/server.ts";
import { startSqs } from "./servers/sqs.ts";
import { latencyTable, ownFigures, ratioFigures, speedTable, standingOf } from "./standings.ts";

const window = 256;
const environment = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" };

const hive: Entry = {
  name: "BeeHive aws:",
  file: "hive",
  peer: false,
  settings: { provider: "aws:?prefix=bench&wait=1s&endpoint=http://127.0.0.1:{port}", queues: true },
  concurrency: [64, 128, 256],
  environment,
};
const loop: Entry = {
  name: "raw SDK, tens of everything",
  file: "sqs-loop",
  peer: false,
  concurrency: [2, 4, 8, 16],
  environment,
};

/** The cost of a hive on AWS: requests, which AWS bills, and processor time beside the bare SDK. */
export async function aws({ events, seconds, rounds }: Effort): Promise<Outcome> {
  Object.assign(process.env, environment);
  const requests = await awsRequests(events);
  const server = await startSqs();
  try {
    const entries = [hive, loop].map((entry) => ({ ...entry, server }));
    const [own = hive, raw = loop] = entries;
    const result = await contest(entries, { seconds, rounds, window, latencyLoad: 0.3 });
    const shares = await sharesOf(own, standingOf(result, own)?.concurrency ?? 64, server, seconds);
    return {
      tables: [
        ...requests.tables,
        speedTable("AWS: three queues, on a server on this machine", result, own, window, [
          "The same calls of SQS by both. The server shares the cores with them, so the processor time of the client tells more than the rate.",
        ]),
        latencyTable("AWS: latency at 30% of each one's own peak, no network between", result),
        {
          title: "AWS: in whose code the processor of the hive's process was",
          columns: ["BeeHive and what it uses", "AWS SDK", "Node", "garbage collector", "bench"],
          rows: [
            [shares.library, shares.sdk, shares.node, shares.collector, shares.bench].map(
              (share) => `${(share * 100).toFixed(1)}%`,
            ),
          ],
          notes: ["Sampled; TLS is not in it, as the server on the loopback speaks without."],
        },
      ],
      figures: {
        ...requests.figures,
        ...ownFigures("aws", result, own),
        ...ratioFigures(result, own, { awsToRawSdk: raw }),
        awsOwnShare: shares.library,
      },
    };
  } finally {
    await server.stop();
  }
}

async function sharesOf(entry: Entry, concurrency: number, { port }: Server, seconds: number): Promise<Shares> {
  const racer = new Racer(programOf(entry), entry.environment);
  try {
    await racer.ask("open", { ...entry.settings, concurrency, port });
    await racer.ask("throughput", { seconds, window });
    return await racer.ask("profile", { seconds, window });
  } finally {
    await racer.end();
  }
}
