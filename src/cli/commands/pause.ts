import { InvalidArgumentError, type Command } from "commander";
import { systemClock } from "../../base/clock.ts";
import { Operator } from "../../hive/operator.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { UsageError } from "../exit-code.ts";
import { duration } from "../option-parsers.ts";
import { consumerQueue } from "./queues.ts";

interface Target {
  readonly all?: boolean;
  readonly pulser?: string;
  readonly source?: string;
}

interface PauseCommandOptions extends Target, AsOptions {
  readonly reason: string;
  readonly for?: number;
  readonly until?: Date;
}

export const pause: CliCommand = defineCommand<PauseCommandOptions, [queue: string | undefined]>({
  name: "pause",
  summary: "pause a subscription, pulser or source in every process",
  description:
    "Pauses a subscription: no process leases further events of it, and those in work are finished. Running hives " +
    "follow within seconds, hives that start later at once. With --pulser it pauses a pulser, whose due pulses are " +
    "then missed; with --source a source, such as a topic of Kafka. With --all it pauses all subscriptions and sources, " +
    "but no pulser.\n\nThe pause lasts until --for or --until, or until beehive resume. A second pause replaces the first.",
  define: (command) =>
    targetOptions(command)
      .requiredOption("--reason <text>", "why, for those who look later")
      .option("--for <time>", "how long, such as 30m or 2h", duration(1))
      .option("--until <time>", "the end, such as 2026-03-01T18:00Z", futureTime),
  examples: [
    ["beehive pause OrderAccepted-Payment --reason bank-is-down --for 1h", "one subscription, for an hour"],
    ["beehive pause --all --reason restoring", "all subscriptions, until beehive resume --all"],
    ["beehive pause --pulser Nightly --reason stocktaking --until 2026-03-02T00:00Z", "a pulser"],
  ],
  async run({ provider, output }, options, queue) {
    const { reason, for: forMs, until } = options;
    if (forMs !== undefined && until) throw new UsageError("Give --for or --until, not both.");
    const end = forMs === undefined ? until : new Date(systemClock.now() + forMs);
    const target = targetOf(options, queue, new Operator(await provider()));
    await target.pause({ reason, until: end, by: operatorOf(options) });
    if (output.json) output.result({ paused: target.name, until: end?.toISOString() ?? null });
    else output.print(`Paused ${target.words}${end ? ` until ${end.toISOString()}` : ""}.`);
  },
});

export const resume: CliCommand = defineCommand<Target & AsOptions, [queue: string | undefined]>({
  name: "resume",
  summary: "end the pause of a subscription, pulser or source",
  description:
    "Ends a pause that an operator set; what is not paused stays as it is. With --all it ends every pause of " +
    "subscriptions. Pauses of supervision and open breakers end by themselves.",
  define: targetOptions,
  examples: [
    ["beehive resume OrderAccepted-Payment", "one subscription"],
    ["beehive resume --all --as ada", "all subscriptions"],
  ],
  async run({ provider, output }, options, queue) {
    const target = targetOf(options, queue, new Operator(await provider()));
    const wasPaused = await target.resume({ by: operatorOf(options) });
    if (output.json) output.result({ resumed: target.name, wasPaused });
    else output.print(wasPaused ? `Resumed ${target.words}.` : `No operator had paused ${target.words}.`);
  },
});

function targetOptions(command: Command): Command {
  return asOption(
    command
      .argument("[queue]", "Topic-Subscription or Queue")
      .option("--pulser <name>", "a pulser, in place of a queue")
      .option("--source <name>", "a source, in place of a queue")
      .option("--all", "all subscriptions, in place of a queue")
      .option("--provider <url>", "the provider of the hives"),
  );
}

interface Paused {
  readonly name: string;
  readonly words: string;
  pause(options: Parameters<Operator["pauseAll"]>[0]): Promise<void>;
  resume(options: Parameters<Operator["resumeAll"]>[0]): Promise<boolean>;
}

/** Returns the one thing that the options name. */
function targetOf({ all, pulser, source }: Target, queue: string | undefined, operator: Operator): Paused {
  if ([all, pulser, source, queue].filter((one) => one !== undefined).length !== 1)
    throw new UsageError("Name a queue, or give --pulser NAME, --source NAME or --all.");
  if (pulser !== undefined) return named(pulser, `the pulser ${pulser}`, operator.pulser(pulser));
  if (source !== undefined) return named(source, `the source ${source}`, operator.source(source));
  if (queue !== undefined) {
    const name = consumerQueue(queue).toString();
    return named(name, name, operator.queue(name));
  }
  return named("*", "all subscriptions", {
    pause: (options) => operator.pauseAll(options),
    resume: (options) => operator.resumeAll(options),
  });
}

function named(name: string, words: string, one: Pick<Paused, "pause" | "resume">): Paused {
  return { name, words, pause: (options) => one.pause(options), resume: (options) => one.resume(options) };
}

/** Parses a time to come, as ISO 8601. */
function futureTime(text: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError("It must be a time such as 2026-03-01T18:00Z; for a length of time use --for.");
}
