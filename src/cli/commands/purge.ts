import { operate } from "../../hive/operate.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import { confirm } from "../terminal/confirm.ts";
import { consumerQueue } from "./queues.ts";

interface PurgeOptions extends AsOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const purge: CliCommand = defineCommand<PurgeOptions, [queue: string]>({
  name: "purge",
  summary: "delete all waiting events of a queue",
  description:
    "Deletes the events of a queue that are ready or delayed. Leased events are finished, and dead letters stay. Asks " +
    "for confirmation first; without a terminal it needs --yes.\n\nOn aws: SQS takes up to a minute, and deletes " +
    "leased events as well. On azure: the delayed events of a topic stay.",
  define: (command) =>
    asOption(
      command
        .argument("<queue>", "Topic-Subscription or Queue")
        .option("--provider <url>", "the provider of the queue")
        .option("--dry-run", "print how many, change nothing")
        .option("--yes", "do not ask for confirmation"),
    ),
  examples: [
    ["beehive purge OrderAccepted-Mail --dry-run", "a preview"],
    ["beehive purge OrderAccepted-Mail --yes --as ada", "without a question, in the name of ada"],
  ],
  endsItself: true,
  async run({ output, provider, signal }, options, name) {
    const queue = (await operate(await provider())).queue(`${consumerQueue(name)}`);
    const by = operatorOf(options);
    const waiting = (await queue.purge({ by, dryRun: true })) ?? 0;
    if (options.dryRun) {
      if (output.json) output.result({ dryRun: true, purged: waiting });
      else output.print(`Would delete ${waiting} ${waiting === 1 ? "event" : "events"}.`);
      return exitCode.well;
    }
    const question = `Delete ${waiting} waiting ${waiting === 1 ? "event" : "events"} of ${queue.name} for good?`;
    if (!options.yes && !(await confirm(question, output, signal))) {
      output.complain("nothing was deleted.");
      return signal.aborted ? exitCode.interrupted : exitCode.failed;
    }
    const purged = await queue.purge({ by });
    if (output.json) output.result({ purged: purged ?? null });
    else output.print(purged === undefined ? "The queue is being purged." : `Deleted ${purged}.`);
    return exitCode.well;
  },
});

interface CancelOptions extends AsOptions {
  readonly id?: string;
  readonly key?: string;
}

export const cancel: CliCommand = defineCommand<CancelOptions, []>({
  name: "cancel",
  summary: "cancel events that wait, by id or cancel key",
  description:
    "Cancels events that are ready or delayed: one by its id, or all with a cancel key. Prints how many; an event of a " +
    "topic counts once for each subscription, on a cloud once. Leased events are not cancelled. On a cloud only events " +
    "with a cancel key can be, and none that was delivered before.",
  define: (command) =>
    asOption(
      command
        .option("--provider <url>", "the provider of the events")
        .option("--id <id>", "the event of this id")
        .option("--key <key>", "all events with this cancel key"),
    ),
  examples: [
    ["beehive cancel --key hold-17", 'the events that were made with { cancelKey: "hold-17" }'],
    ["beehive cancel --id 8d0c5b1e-93f5-8f0a-b6f4-5c8e2d1a7b90", "one event"],
  ],
  async run({ output, provider }, options) {
    const { id, key } = options;
    const which =
      id !== undefined && key === undefined ? { id } : key !== undefined && id === undefined ? { key } : undefined;
    if (!which) throw new UsageError("Name the events: give --id or --key.");
    const cancelled = await (await operate(await provider())).cancel(which, { by: operatorOf(options) });
    if (output.json) output.result({ cancelled });
    else output.print(`Cancelled ${cancelled}.`);
    return cancelled > 0 ? exitCode.well : exitCode.failed;
  },
});
