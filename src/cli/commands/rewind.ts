import { Option } from "commander";
import type { ReplayedOutputs, StartPosition, TopicLog } from "../../contract/topic-log.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { logOf } from "../../hive/hive-log.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { assertQueueExists } from "../open-existing-provider.ts";
import { placeInLog } from "./log.ts";
import { consumerQueue } from "./queues.ts";

interface Options {
  readonly to: StartPosition;
  readonly outputs: ReplayedOutputs;
  readonly dryRun?: boolean;
}

export const rewind: CliCommand = defineCommand<Options, [subscription: string]>({
  name: "rewind",
  summary: "deliver the kept events of a topic to a subscription again",
  description:
    "Moves a subscription to a place in the log of its topic, in one atomic act. Its actor gets each event from there " +
    "up to the newest again, with context.replayed. Steps under way lose their leases and publish nothing. Dead " +
    "letters stay, and so do stores: to rebuild what an actor derives, empty its stores first; see docs/log.md.",
  define: (command) =>
    command
      .argument("<subscription>", "Topic-Subscription")
      .option("--provider <url>", "the provider of the subscription")
      .requiredOption(
        "--to <place>",
        "beginning, now, latest-per-key, a position, a time, or 2h for two hours ago",
        startPosition,
      )
      .addOption(
        new Option("--outputs <fate>", "what becomes of the events that the actor returns")
          .choices(["drop", "publish"])
          .makeOptionMandatory(),
      )
      .option("--dry-run", "say how many events there are, change nothing"),
  examples: [
    ["beehive rewind OrderAccepted-Totals --to beginning --outputs drop --dry-run", "how many events there are"],
    ["beehive rewind OrderAccepted-Totals --to beginning --outputs drop", "handle all events again, publish nothing"],
    ["beehive rewind OrderAccepted-Mail --to 2026-03-01T12:00Z --outputs publish", "repair what went wrong since noon"],
  ],
  async run({ provider, output }, { to, outputs, dryRun = false }, name) {
    const subscription = consumerQueue(name);
    const opened = await provider();
    await assertQueueExists(opened.queues, subscription);
    const log = logOf(opened);
    const events = await countFrom(log, subscription, to);
    if (!dryRun) await log.rewind(subscription, to, outputs);
    if (output.json) output.result({ subscription: subscription.toString(), events, rewound: !dryRun });
    else
      output.print(
        `${dryRun ? "Would deliver" : "Delivers"} ${events} ${events === 1 ? "event" : "events"} to ${subscription}.`,
      );
  },
});

/** Parses the start of a subscription. */
function startPosition(text: string): StartPosition {
  return text === "beginning" || text === "now" || text === "latest-per-key" ? text : placeInLog(text);
}

const page = 1_000;

/** Counts the events from a place on. */
async function countFrom(log: TopicLog, subscription: QueueName, to: StartPosition): Promise<number> {
  const topic = subscription.destination;
  const { first, next } = await log.range(topic);
  if (to === "now") return 0;
  let from =
    to === "beginning" || to === "latest-per-key"
      ? first
      : to instanceof Date
        ? await log.positionAt(topic, to.getTime())
        : to;
  let count = 0;
  const keys = new Map<string, boolean>();
  while (from < next) {
    const events = await log.read(topic, { from, limit: page });
    for (const { event } of events)
      if (to === "latest-per-key" && event.partitionKey !== undefined) keys.set(event.partitionKey, event.bodySize > 0);
      else count++;
    const last = events.at(-1);
    if (!last || events.length < page) break;
    from = last.position + 1;
  }
  return count + [...keys.values()].filter(Boolean).length;
}
