import { systemClock } from "../../base/clock.ts";
import { journalOf } from "../../journal/open-journal.ts";
import { traceItem } from "../../journal/trace/trace-item.ts";
import { traceText } from "../../journal/trace/trace.ts";
import type { ActorDescriptor } from "../../actors/actor.ts";
import { defineCommand, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { printable } from "../../base/printable.ts";
import { redact } from "../../base/redact.ts";

export const trace: CliCommand = defineCommand<{ live: boolean }, [id: string, modules: string[]]>({
  name: "trace",
  summary: "show what happened to an item and where it is now",
  description:
    "Shows what happened to an item, from the journal that hives keep (journal: true; on sqlite: unless switched off): the " +
    "events with that id, correlation id or business id, all that followed, and where each is now. The queues are asked " +
    "for that unless --no-live; on a cloud, dead letters are looked through. With modules, subscriptions that never " +
    "worked yet are known too. Ends with 1 when nothing is called so.",
  define: (command) =>
    command
      .argument("<id>", "an event id, a correlation id, a partition key or another business id")
      .argument("[modules...]", "modules that export the actors (default: those of the configuration)")
      .option("--provider <url>", "where the journal is")
      .option("--no-live", "do not ask the queues"),
  examples: [
    ["beehive trace 1042 --provider sqlite:./hive.db", "all that happened to the order 1042"],
    ["beehive trace 6f1c2c9e-4c53-4c0e-9d0a-4f3c3f6d2b11 --json", "from one event on, for programs"],
  ],
  async run(context, { live }, id, modules) {
    const { output } = context;
    const provider = await context.provider();
    const traced = await traceItem(id, {
      journal: journalOf(provider),
      descriptors: await descriptorsOf(context, modules),
      now: systemClock.now(),
      queues: live ? provider.queues : undefined,
    });
    if (output.json) output.result(traced);
    else output.write(printable(redact(traceText(traced))));
    return traced.roots.length === 0 ? exitCode.failed : exitCode.well;
  },
});

/** The actors of the modules, if there are any: a trace can do without. */
async function descriptorsOf(context: CommandContext, modules: readonly string[]): Promise<readonly ActorDescriptor[]> {
  const { modules: configured = [] } = await context.settings();
  if (modules.length + configured.length === 0) return [];
  return (await context.application(modules)).descriptors;
}
