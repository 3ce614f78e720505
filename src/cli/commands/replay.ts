import { printable } from "../../base/printable.ts";
import { safeText } from "../../base/safe-text.ts";
import type { StoreToClear } from "../../hive/cleared-stores.ts";
import { replay as shadowRun } from "../../analysis/replay/replay.ts";
import type { Comparison, Difference, ReplayReport } from "../../analysis/replay/report.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { assertQueueExists } from "../open-existing-provider.ts";
import { several, whole } from "../option-parsers.ts";
import { stderrLogger } from "../stderr-logger.ts";
import { placeInLog } from "./log.ts";
import { consumerQueue } from "./queues.ts";

interface Options {
  readonly with: readonly string[];
  readonly from?: Date | number | "beginning";
  readonly to?: Date | number;
  readonly clear?: readonly string[];
  readonly limit: number;
}

export const replay: CliCommand = defineCommand<Options, [subscription: string]>({
  name: "replay",
  summary: "run another version of an actor over the past, and show what differs",
  description:
    "Runs the actor of a module over the kept events of a subscription, and prints how its outputs differ from those in " +
    "the log, and its writes from what the stores hold. Commits and publishes nothing. Calls of the actor to other " +
    "systems do happen: it can leave them out when context.replayed is set. Ends with 1 when something differs.",
  define: (command) =>
    command
      .argument("<subscription>", "Topic-Subscription")
      .requiredOption("--with <module>", "a module that exports the actor; may be repeated", several)
      .option("--provider <url>", "the provider of the subscription")
      .option("--from <place>", "beginning, a position, a time, or 2h for two hours ago (default: beginning)", begin)
      .option("--to <place>", "the end, exclusive (default: what the subscription has leased)", placeInLog)
      .option("--clear <store>", "begin with this store or counter empty, such as Totals; may be repeated", several)
      .option("--limit <n>", "the most differences to print", whole(0), 20)
      .option("--log-level <level>", "debug, info, warn, error or silent (default: warn)"),
  examples: [
    ["beehive replay OrderAccepted-Totals --with src/new-actors.ts --clear Totals", "all of the past, from nothing"],
    ["beehive replay OrderAccepted-Payment --with src/new-actors.ts --from 2026-01-01 --json", "for a pipeline"],
  ],
  async run(context, { with: modules, from, to, clear = [], limit }, name) {
    const { output } = context;
    const subscription = consumerQueue(name);
    const provider = await context.provider();
    await assertQueueExists(provider.queues, subscription.destination);
    const application = await context.application(modules);
    const options = await application.resolve();
    const { logLevel } = await context.settings();
    const report = await shadowRun({
      ...options,
      actors: { getDescriptors: () => application.descriptors },
      logger: (logLevel === undefined && options.logger) || stderrLogger(output, logLevel),
      provider,
      subscription: subscription.toString(),
      from,
      to,
      clear: clear.flatMap(storesOf),
      maxDifferences: limit,
      signal: context.signal,
    });
    if (output.json) output.result(report);
    else output.print(textOf(report));
    return differs(report) ? exitCode.failed : exitCode.well;
  },
});

function begin(text: string): Date | number | "beginning" {
  return text === "beginning" ? text : placeInLog(text);
}

/** Returns the stores of a name, of any kind. */
function storesOf(name: string): readonly StoreToClear[] {
  return (["collection", "keyed list", "key-value", "counter"] as const).map((kind) => ({ kind, name }));
}

function differs({ failures, outputs, writes }: ReplayReport): boolean {
  return failures > 0 || [outputs, writes].some(({ changed, added, missing }) => changed + added + missing > 0);
}

function textOf(report: ReplayReport): string {
  const { subscription, actor, events, from, to, failures, outputs, writes, notCompared, notes, differences } = report;
  const unknown = Object.entries(notCompared).map(([topic, count]) => `${count} to ${topic}`);
  const lines = [
    `${events} events of ${subscription}, positions ${from} to ${to}, through ${actor}.`,
    `Outputs: ${counted(outputs, "log")}.`,
    ...(unknown.length > 0 ? [`Not compared: ${unknown.join(", ")}, which keep no events.`] : []),
    `Writes: ${counted(writes, "stores")}.`,
    `Failures: ${failures}.`,
    ...notes,
    ...differences.map(differenceText),
  ];
  return printable(lines.join("\n"));
}

function counted({ same, changed, added, missing }: Comparison, past: string): string {
  return `${same} as in the ${past}, ${changed} changed, ${added} added, ${missing} missing`;
}

const maxText = 200;

function differenceText(one: Difference): string {
  const value = (label: string, text: string | undefined): string[] =>
    text === undefined ? [] : [`    ${label}  ${safeText(text, maxText)}`];
  if (one.kind === "failure")
    return `  failed   ${one.eventId} at ${one.position}: ${one.error}: ${safeText(one.message, maxText)}`;
  const what =
    one.kind === "output"
      ? `${one.eventType} to ${one.queueName}, of ${one.eventId} at ${one.position}`
      : `${one.store} ${one.id}`;
  return [`  ${one.change.padEnd(7)}  ${what}`, ...value("was", one.was), ...value("is ", one.is)].join("\n");
}
