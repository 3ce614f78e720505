import { isEventType } from "../../events/event-type.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import { estimate as estimateOf, type EstimateOptions } from "../../analysis/estimate/estimate.ts";
import type { Rate } from "../../analysis/estimate/entries.ts";
import { providerNames, type ProviderName } from "../../analysis/estimate/plan.ts";
import { journalOf } from "../../journal/open-journal.ts";
import { publishedOutside } from "../application.ts";
import { defineCommand, moduleArgument, type CliCommand } from "../command.ts";
import { estimateText, plainEstimate } from "../estimate-text.ts";
import { UsageError } from "../exit-code.ts";
import { openObserved } from "../graph-source.ts";
import { positive, several, whole } from "../option-parsers.ts";

interface Options {
  readonly rate: readonly string[];
  readonly for?: string;
  readonly observed?: string;
  readonly backlog?: boolean;
  readonly burst: number;
  readonly headRoom?: number;
  readonly bytes?: number;
  readonly seed: number;
}

export const estimate: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "estimate",
  summary: "plan processes, requests, limits and costs by provider",
  description:
    "Follows the events of modules from their entries through the actors, and says for each provider how many " +
    "processes and slots they need, how many requests they make, which limit a growing rate reaches first, and what a " +
    "month costs. Runs no actor and asks no cloud.\n\nDurations, retries and fan-out come from a journal (--observed), " +
    "or from the module, which may export workload: { rates, work, bytes } with the options of estimate of " +
    "beehive-actors/testing. What neither says is assumed, and printed.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .option(
        "--rate <rate>",
        "events at the entry, such as 200/s or 5000/h, or NAME=RATE; may be repeated",
        several,
        [],
      )
      .option("--for <providers>", `the providers, separated by commas (default: ${providerNames.join(",")})`)
      .option("--observed <url>", "the provider whose journal is read, such as sqlite:./hive.db")
      .option("--backlog", "plan for full queues, where each request is full")
      .option("--burst <factor>", "the factor of the rates in a burst of 10 s", positive, 3)
      .option("--head-room <share>", "the share of slots and processors that stays free (default: 0.3)", positive)
      .option("--bytes <n>", "the bytes of an event (default: 1024)", whole(1))
      .option("--seed <n>", "the seed of the rehearsal in virtual time", whole(), 1),
  examples: [
    ["beehive estimate src/actors.ts --rate 200/s --for aws,azure,postgres", "three plans"],
    ["beehive estimate src/actors.ts --rate 200/s --observed sqlite:./hive.db", "with durations that were seen"],
    ["beehive estimate src/actors.ts --rate OrderAccepted=20/s --rate Returned=1/s --json", "for a program"],
  ],
  async run(context, options, modules) {
    const { output } = context;
    const { descriptors, pulsers, options: hive, exports, settings, workload } = await context.application(modules);
    const provider = options.observed === undefined ? undefined : await openObserved(options.observed);
    const ratesGiven = options.rate.length === 0 ? workload.rates : ratesIn(options.rate);
    const given: EstimateOptions = {
      ...workload,
      actors: { getDescriptors: () => descriptors },
      pulsers,
      publishes: publishedOutside(hive),
      eventTypes: exports.filter(isEventType),
      entries: settings.entries,
      rates: ratesGiven,
      for: options.for === undefined ? workload.for : providersIn(options.for),
      observed: provider && journalOf(provider),
      observedOn: providerNames.find((name) => name === provider?.name),
      backlog: options.backlog ?? workload.backlog,
      burst: { times: options.burst, seconds: 10 },
      headRoom: options.headRoom ?? workload.headRoom,
      bytes: options.bytes ?? workload.bytes,
      seed: options.seed,
    };
    try {
      const result = await estimateOf(given);
      if (output.json) output.line(plainEstimate(result));
      else output.print(estimateText(result));
    } catch (error) {
      if (isBeeHiveError(error, "InvalidConfiguration")) throw new UsageError(error.message, { cause: error });
      throw error;
    } finally {
      await provider?.close();
    }
  },
});

function ratesIn(texts: readonly string[]): Rate | Readonly<Record<string, Rate>> {
  const [only = ""] = texts;
  if (texts.length === 1 && !only.includes("=")) return only;
  const pairs = texts.map((text) => text.split("="));
  const odd = texts.find((_, n) => pairs[n]?.length !== 2);
  if (odd !== undefined) throw new UsageError(`--rate ${odd}: give several entries as NAME=RATE.`);
  return Object.fromEntries(pairs as [string, string][]);
}

function providersIn(list: string): ProviderName[] {
  const names = list.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !(providerNames as readonly string[]).includes(name));
  if (unknown.length === 0) return names as ProviderName[];
  throw new UsageError(`--for ${unknown.join(",")}: there are plans for ${providerNames.join(", ")}.`);
}
