/** The catalogue on the command line: `npm run sample -- fashion`. */
import { parseArgs } from "node:util";
import { openProvider, systemClock } from "beehive-actors";
import { kafkaClient } from "beehive-actors/kafka";
import { feedOf } from "./feed.ts";
import { problemsOf, runFashion, type Report } from "./fashion.ts";

const usage = `Usage: npm run sample -- fashion [options]

  --provider URL    memory:, sqlite:FILE or postgres://… (default: the variable BEEHIVE_PROVIDER, else memory:)
  --products N      products of all brands (default: 300)
  --seed N          seed of the lists (default: 1)
  --kafka HOST      brokers of Kafka that have the topics, such as localhost:9092 (default: the provider has them)
  --json            print the report as the last line, in JSON
  --help            show this help

Exits with 0 when both indexes, the metrics and the log agree, 1 when they do not, 2 for wrong input.
`;

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      provider: { type: "string", default: process.env["BEEHIVE_PROVIDER"] || "memory:" },
      products: { type: "string", default: "300" },
      seed: { type: "string", default: "1" },
      kafka: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const feed = feedOf(whole("products", values.products), whole("seed", values.seed));
  const provider = await openProvider(values.provider, { clock: systemClock });
  try {
    const { atomicStep } = provider.capabilities;
    // A crash between the write of a product and its event would lose the event.
    if (atomicStep !== true)
      throw new Error(`The catalogue needs atomic steps: ${provider.name} has none. ${atomicStep}`);
    const kafka = values.kafka === undefined ? undefined : kafkaClient({ brokers: values.kafka.split(",") });
    const report = await runFashion({ provider, feed, kafka, say: (text) => console.log(text) });
    const problems = await problemsOf(report, provider);
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

function textOf({ products, indexed, rebuiltEqual, metrics, durationMs }: Report): string {
  const counted = Object.entries(metrics).map(([change, count]) => `${count} ${change}`);
  return [
    `${products} products are for sale, ${indexed} are in the index.`,
    `The rebuilt index ${rebuiltEqual ? "equals" : "DIFFERS FROM"} the live one.`,
    `Changes: ${counted.join(", ")}.`,
    `It took ${(durationMs / 1_000).toFixed(1)} s.`,
  ].join("\n");
}
