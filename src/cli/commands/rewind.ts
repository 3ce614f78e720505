import { Option } from "commander";
import type { Provider } from "../../contract/provider.ts";
import type { ClearedStore, ReplayedOutputs, StartPosition, TopicLog } from "../../contract/topic-log.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { logOf } from "../../hive/hive-log.ts";
import { rewoundText } from "../../hive/rewind.ts";
import { operate } from "../../hive/operate.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { assertQueueExists } from "../open-existing-provider.ts";
import { UsageError } from "../exit-code.ts";
import { several } from "../option-parsers.ts";
import { placeInLog } from "./log.ts";
import { consumerQueue } from "./queues.ts";
import { counted } from "../text.ts";

interface Options extends AsOptions {
  readonly to: StartPosition;
  readonly outputs: ReplayedOutputs;
  readonly clear?: readonly string[];
  readonly dryRun?: boolean;
}

export const rewind: CliCommand = defineCommand<Options, [subscription: string]>({
  name: "rewind",
  summary: "deliver the kept events of a topic to a subscription again",
  description:
    "Moves a subscription to a place in the log of its topic, in one atomic act. Its actor gets each event from there " +
    "up to the newest again, with context.replayed. Steps under way lose their leases and publish nothing. Dead " +
    "letters stay. To rebuild what an actor derives, name its stores with --clear: they are emptied in the same act.",
  define: (command) =>
    asOption(command)
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
      .option("--clear <store>", "empty this store or counter, such as Totals; may be repeated", several)
      .option("--dry-run", "say how many events and items there are, change nothing"),
  examples: [
    ["beehive rewind OrderAccepted-Totals --to beginning --outputs drop --dry-run", "how many events there are"],
    ["beehive rewind OrderAccepted-Totals --to beginning --outputs drop --clear Totals", "derive all totals anew"],
    ["beehive rewind OrderAccepted-Mail --to 2026-03-01T12:00Z --outputs publish", "repair what went wrong since noon"],
  ],
  async run({ provider, output }, options, name) {
    const { to, outputs, clear = [], dryRun = false } = options;
    const subscription = consumerQueue(name);
    const opened = await provider();
    await assertQueueExists(opened.queues, subscription);
    const log = logOf(opened);
    const stores = await storesToClear(opened, log, clear);
    const events = await countFrom(log, subscription, to);
    if (!dryRun) {
      const by = operatorOf(options);
      await log.rewind(subscription, to, outputs, stores);
      const { controls } = await operate(opened);
      await controls.acts.record({ by, act: "rewind", on: subscription.toString(), detail: rewoundText(to, outputs) });
    }
    if (output.json) output.result({ subscription: subscription.toString(), events, stores, rewound: !dryRun });
    else {
      for (const { kind, name: store, items } of stores)
        output.print(`${dryRun ? "Would empty" : "Emptied"} the ${kind} ${store}, ${counted(items, "item")}.`);
      output.print(`${dryRun ? "Would deliver" : "Delivers"} ${counted(events, "event")} to ${subscription}.`);
    }
  },
});

const kinds = ["collection", "keyed list", "key-value", "counter"] as const;

/** Returns the stores of these names that hold something. @throws UsageError for a name without one: it may be wrong. */
async function storesToClear(
  { name: provider }: Provider,
  log: TopicLog,
  names: readonly string[],
): Promise<readonly (ClearedStore & { readonly items: number })[]> {
  if (names.length > 0 && !log.countItems)
    throw new UsageError(`A rewind on ${provider}: cannot empty stores. Leave out --clear, and empty them before it.`);
  const all = names.map(async (name) => {
    const stores = kinds.map(async (kind) => ({ kind, name, items: (await log.countItems?.({ kind, name })) ?? 0 }));
    const full = (await Promise.all(stores)).filter(({ items }) => items > 0);
    if (full.length > 0) return full;
    throw new UsageError(`No store ${name} holds anything. Correct the name, or leave out --clear ${name}.`);
  });
  return (await Promise.all(all)).flat();
}

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
