import type { ActorDescriptor } from "../../actors/actor.ts";
import { systemClock } from "../../base/clock.ts";
import { printable } from "../../base/printable.ts";
import { redact } from "../../base/redact.ts";
import { Operator } from "../../hive/operator.ts";
import { journalOf } from "../../journal/open-journal.ts";
import { traceItem } from "../../journal/trace/trace-item.ts";
import { traceText } from "../../journal/trace/trace.ts";
import { defineCommand, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode } from "../exit-code.ts";

export const trace: CliCommand = defineCommand<{ live: boolean }, [id: string, modules: string[]]>({
  name: "trace",
  summary: "show the history of an item and where it is now",
  description:
    "Shows the history of an item from the journal of its hives (journal: true; the default on sqlite:). It lists " +
    "the events with that event id, correlation id or business id, the events that followed from them, and where " +
    "each event is now. For that it reads the queues, and on a cloud the dead letters; --no-live leaves this out. " +
    "With modules it also knows subscriptions that have not worked yet. Ends with 1 when the journal has no such " +
    "item.",
  define: (command) =>
    command
      .argument("<id>", "an event id, a correlation id, a partition key or another business id")
      .argument("[modules...]", "modules that export the actors (default: those of the configuration)")
      .option("--provider <url>", "the provider with the journal")
      .option("--no-live", "do not read the queues"),
  examples: [
    ["beehive trace 1042 --provider sqlite:./hive.db", "the history of order 1042"],
    ["beehive trace 6f1c2c9e-4c53-4c0e-9d0a-4f3c3f6d2b11 --json", "the history from one event on, as JSON"],
  ],
  async run(context, { live }, id, modules) {
    const { output } = context;
    const provider = await context.provider();
    const traced = await traceItem(id, {
      journal: journalOf(provider),
      descriptors: await descriptorsOf(context, modules),
      now: systemClock.now(),
      queues: live ? provider.queues : undefined,
      holds: live ? await new Operator(provider).holds() : undefined,
    });
    if (output.json) output.result(traced);
    else output.write(printable(redact(traceText(traced))));
    return traced.roots.length === 0 ? exitCode.failed : exitCode.well;
  },
});

/** Returns the actors of the modules, which are optional for a trace. */
async function descriptorsOf(context: CommandContext, modules: readonly string[]): Promise<readonly ActorDescriptor[]> {
  const { modules: configured = [] } = await context.settings();
  if (modules.length + configured.length === 0) return [];
  return (await context.application(modules)).descriptors;
}
