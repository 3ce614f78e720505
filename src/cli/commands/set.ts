import type { SettingsChange } from "../../controls/controls.ts";
import { Operator } from "../../hive/operator.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { UsageError } from "../exit-code.ts";
import { durationIn } from "../option-parsers.ts";
import { consumerQueue } from "./queues.ts";

export const set: CliCommand = defineCommand<AsOptions, [queue: string, settings: string[]]>({
  name: "set",
  summary: "change settings of a subscription while hives work on it",
  description:
    "Changes settings of a subscription in every process, within seconds and without a restart. parallelism=20 lets " +
    "each process work on 20 events at the same time. throttle=100/1m lets each process start 100 runs a minute; a " +
    "throttle in the code holds as well. SETTING=default restores what the code, files and variables say. " +
    "hive.describe() names the operator behind a value.",
  define: (command) =>
    asOption(
      command
        .argument("<queue>", "Topic-Subscription or Queue")
        .argument("<settings...>", "parallelism=N or default, throttle=N/TIME or default")
        .option("--provider <url>", "the provider of the hives"),
    ),
  examples: [
    ["beehive set OrderAccepted-Payment parallelism=20", "more events at the same time"],
    ["beehive set OrderAccepted-Payment throttle=100/1m --as ada", "at most 100 runs a minute in each process"],
    ["beehive set OrderAccepted-Payment parallelism=default throttle=default", "the settings of the code again"],
  ],
  async run({ provider, output }, options, queue, settings) {
    const name = consumerQueue(queue).toString();
    const change = changeOf(settings);
    const subscription = new Operator(await provider()).queue(name);
    await subscription.set({ ...change, by: operatorOf(options) });
    const { settings: now } = await subscription.operated();
    const { parallelism = "default", throttle = "default" } = now ?? {};
    if (output.json) output.result({ queue: name, parallelism, throttle });
    else {
      const rate = typeof throttle === "object" ? `${throttle.limit} in ${throttle.per ?? 1_000} ms` : throttle;
      output.print(`${name}: parallelism ${parallelism}, throttle ${rate}.`);
    }
  },
});

function changeOf(settings: readonly string[]): Omit<SettingsChange, "by"> {
  return Object.assign({}, ...settings.map(settingOf)) as Omit<SettingsChange, "by">;
}

/** Parses one setting. The hive checks its value. */
function settingOf(text: string): object {
  const [name = "", value = ""] = text.split("=", 2);
  if (value !== "default" && name === "throttle") {
    const [, limit, per] = /^(\d+)\/(.+)$/.exec(value) ?? [];
    if (limit === undefined || per === undefined)
      throw new UsageError(`throttle must be N/TIME, such as 100/1m, not "${value}".`);
    return { throttle: { limit: Number(limit), per: durationIn(per) } };
  }
  if (name !== "parallelism" && name !== "throttle")
    throw new UsageError(`"${text}" is no setting; write parallelism=20 or throttle=100/1m.`);
  return { [name]: value === "default" || value === "" ? value : Number(value) };
}
