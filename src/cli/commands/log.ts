import { InvalidArgumentError, Option } from "commander";
import { printableLine } from "../../base/printable.ts";
import { safeText } from "../../base/safe-text.ts";
import { toCloudEventText } from "../../events/cloud-events.ts";
import { oneLine } from "../../events/json-source.ts";
import { QueueName } from "../../events/queue-name.ts";
import { HiveLog, logOf, type LoggedEvent } from "../../hive/hive-log.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import { time, whole } from "../option-parsers.ts";
import type { Output } from "../output.ts";

interface Options {
  readonly from?: Date | number;
  readonly to?: Date | number;
  readonly key?: string;
  readonly limit?: number;
  readonly follow?: boolean;
}

export const log: CliCommand = defineCommand<Options, [topic: string]>({
  name: "log",
  summary: "show the events that a topic keeps",
  description:
    "Shows the kept events of a topic in the order of their publication: position, time, type, id, partition key and " +
    "the start of the body. With --json it prints NDJSON of CloudEvents, which beehive push TOPIC - --cloud-events " +
    "takes. A topic keeps events when a hive says so (keep); see docs/log.md.",
  define: (command) =>
    command
      .argument("<topic>", "Topic-")
      .option("--provider <url>", "the provider of the topic")
      .option("--from <place>", "a position, a time, or 2h for two hours ago (default: the oldest event)", placeInLog)
      .addOption(
        new Option("--to <place>", "the end, exclusive, as --from (default: the newest event)")
          .argParser(placeInLog)
          .conflicts("follow"),
      )
      .option("--key <key>", "show events of this partition key only")
      .option("--limit <n>", "the most events", whole(1))
      .option("--follow", "go on with events as they come, until interrupted; from now on without --from"),
  examples: [
    ["beehive log OrderAccepted- --from 2h --key order-1042", "what happened to an order lately"],
    ["beehive log OrderAccepted- --json | beehive push Orders2- - --cloud-events", "fill another topic"],
    ["beehive log OrderAccepted- --follow", "watch events as they come"],
  ],
  endsItself: true,
  async run({ provider, output, signal }, { follow, from, to, key, limit = Infinity }, name) {
    const topic = topicOf(name);
    const kept = new HiveLog(topic, logOf(await provider()), signal);
    const events = follow ? kept.follow({ from, key, signal }) : kept.read({ from, to, key, limit });
    let left = limit;
    for await (const one of events) {
      show(output, one);
      await output.taken();
      if (--left === 0 || signal.aborted) break;
    }
    return signal.aborted && !follow ? exitCode.interrupted : exitCode.well;
  },
});

/** Parses a position or a time. */
export function placeInLog(text: string): Date | number {
  if (!/^\d+$/.test(text.trim())) return time(text);
  const position = Number(text);
  if (Number.isSafeInteger(position)) return position;
  throw new InvalidArgumentError("It is too large for a position.");
}

/** Returns a topic, with or without its hyphen. @throws UsageError for a subscription. */
export function topicOf(text: string): QueueName {
  const name = QueueName.parse(text);
  if (name.kind === "subscription") throw new UsageError(`${name} is a subscription; its topic is ${name.topic}-`);
  return QueueName.topic(name.topic);
}

const maxBody = 120;

function show(output: Output, { position, published, event }: LoggedEvent): void {
  if (output.json) {
    output.write(`${oneLine(toCloudEventText(event))}\n`);
    return;
  }
  const { eventType, id, partitionKey = "-" } = event;
  output.print(
    printableLine([position, published.toISOString(), eventType, id, partitionKey, bodyText(event)].join("  ")),
  );
}

/** Returns the start of a body, with secrets masked. */
export function bodyText(event: LoggedEvent["event"], max: number = maxBody): string {
  const { body } = event.shownBody;
  return typeof body === "string" ? safeText(body, max) : `${body.byteLength} bytes`;
}
