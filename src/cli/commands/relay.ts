import type { Published } from "../../actors/actor.ts";
import { createRelay } from "../../hive/relay.ts";
import { defineCommand, type CliCommand, type CommandContext } from "../command.ts";
import { UsageError } from "../exit-code.ts";
import { assertProviderExists, urlWithoutOptions } from "../open-existing-provider.ts";
import { stderrLogger } from "../stderr-logger.ts";
import { runWorker } from "../worker.ts";

export const relay: CliCommand = defineCommand<object, [topics: string[]]>({
  name: "relay",
  summary: "publish the events of one provider to another",
  description:
    "Publishes what is published to topics and queues of one provider to another one, in order of each partition key " +
    "and under the same ids, until SIGINT or SIGTERM. A topic is read by the subscription Topic-Relay, which collects " +
    "events from the first start on. A relay that is killed loses nothing; what it repeats has the same ids.\n\n" +
    "Without topics it relays what the configured modules publish outside of actors: the publishes of their hive, and " +
    "their pulsers. A URL with a password is better given as BEEHIVE_RELAY_FROM or BEEHIVE_RELAY_TO, since other " +
    "users of the machine can see command lines.",
  define: (command) =>
    command
      .argument("[topics...]", "topics such as OrderAccepted, or queues such as Invoices-Invoices")
      .option("--from <url>", "where the events were published (default: the provider of the settings)")
      .option("--to <url>", "where they are published again")
      .option("--topology <mode>", "create: make missing subscriptions; check: refuse to start without them")
      .option("--health-port <port>", "serve /live, /ready and /metrics/lag on this port; 0 takes a free port")
      .option("--health-host <host>", "the address to listen on (default: 127.0.0.1)")
      .option("--log-level <level>", "debug, info, warn, error or silent (default: warn)")
      .option("--stop-deadline <time>", "how long events may finish when it stops, such as 45s (default: 30s)"),
  examples: [
    ["beehive relay OrderAccepted --from sqlite:./outbox.db --to aws:?prefix=shop", "one topic, to a cloud"],
    ["BEEHIVE_RELAY_TO=azure: beehive relay", "what the modules of the configuration publish"],
  ],
  endsItself: true,
  async run(context, _options, given) {
    const { output } = context;
    const {
      topology,
      journal,
      defaults,
      logLevel,
      provider,
      relay: { from = provider, to } = {},
    } = await context.settings();
    if (from === undefined || to === undefined)
      throw new UsageError("Name two providers: --from sqlite:./outbox.db --to aws:?prefix=shop");
    const topics = given.length > 0 ? given : await publishedBy(context);
    await assertProviderExists(from, true);
    await assertProviderExists(to, false);
    const logger = stderrLogger(output, logLevel);
    const created = await createRelay({ from, to, topics, topology, journal, defaults, logger });
    return await runWorker(context, created, (health) => {
      const queues = created.descriptors.map(({ queueName }) => queueName.toString());
      const names = { from: urlWithoutOptions(from), to: urlWithoutOptions(to) };
      if (output.json) output.line({ state: "running", ...names, queues, ...(health && { healthPort: health.port }) });
      else output.note(`Relaying ${queues.join(", ")} from ${names.from} to ${names.to}.`);
    });
  },
});

/** Returns what the configured modules publish outside of actors. */
async function publishedBy({ application, settings }: CommandContext): Promise<readonly Published[]> {
  const { modules = [] } = await settings();
  const { publishers } = modules.length > 0 ? await application([]) : { publishers: [] };
  const published = publishers.flatMap(({ publishes = [] }) => publishes);
  if (published.length > 0) return published;
  throw new UsageError("Name the topics to relay, or configure modules whose hive publishes some.");
}
