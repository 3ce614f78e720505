import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installLocked } from "../scripts/install.ts";
import { fetchJars, lacking, startKafka } from "../test/kafka/broker.ts";
import { kafkaFolder, newerNode } from "../test/kafka/newer-node.ts";
import type { Effort, Outcome } from "./outcome.ts";
import { scratchFolder } from "./servers/scratch.ts";
import { ratiosOf, spreadOf } from "./statistics.ts";
import { numberOf, spreadText } from "./table.ts";

const contestants = ["bridge", "consumer"] as const;
const names = {
  bridge: "BeeHive: a topic, three hops on sqlite at full sync, a topic",
  consumer: "a consumer that only acknowledges",
};
const title = "Kafka: records a second from a topic with a backlog";

/** Measures the bridge beside a consumer by hand, on a broker of its own. */
export async function kafka({ quick, rounds, seconds }: Effort): Promise<Outcome> {
  const missing = lacking();
  if (missing !== undefined)
    return { tables: [{ title, columns: ["contestant"], rows: [], notes: [`Left out: ${missing}.`] }], figures: {} };
  installLocked(kafkaFolder);
  fetchJars();
  const broker = await startKafka();
  using folder = scratchFolder();
  const records = quick ? 2_000 : seconds * 10_000;
  try {
    const run = (mode: string, round = 0): string =>
      runProgram([broker.address, mode, String(records), folder.path, String(round)]);
    run("fill");
    const rates = { bridge: [] as number[], consumer: [] as number[] };
    for (let round = 0; round < rounds; round++)
      for (const one of contestants) rates[one].push(Number(run(one, round)));
    const ratio = ratiosOf(rates.bridge, rates.consumer);
    return {
      tables: [
        {
          title,
          columns: ["contestant", "records/s", "of the consumer"],
          rows: contestants.map((one) => [
            names[one],
            spreadText(spreadOf(rates[one])),
            one === "bridge" ? spreadText(ratio) : "",
          ]),
          notes: [
            `${numberOf(records)} records of 224 bytes in 4 partitions; one process, the broker on the same machine.`,
            "The consumer does nothing with a record and commits its offset once a batch. A record of the bridge is three events, each with a step of its own on disk, and a record again.",
          ],
        },
      ],
      figures: { "kafka:ratio": ratio.median },
    };
  } finally {
    await broker.stop();
  }
}

/** Runs a program on a Node that the client supports, from the built library. Returns what it printed. */
function runProgram(args: readonly string[]): string {
  const resolve = pathToFileURL(join(kafkaFolder, "resolve.mjs")).href;
  const program = join(import.meta.dirname, "kafka-program.ts");
  return execFileSync(newerNode(), ["--no-warnings", "--import", resolve, program, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}
