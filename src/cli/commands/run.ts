import type { Command } from "commander";
import { registeredProvider } from "../../contract/provider-module.ts";
import type { HealthServer } from "../../hive/health-server.ts";
import { createHive, type Hive } from "../../hive/hive.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { UsageError } from "../exit-code.ts";
import { stderrLogger } from "../stderr-logger.ts";
import { runWorker } from "../worker.ts";

/** Adds the modules and the options of a worker. */
export function withWorkerOptions(command: Command): Command {
  return command
    .argument("[modules...]", moduleArgument)
    .option("--provider <url>", "the provider: memory:, sqlite:FILE, postgres://…, azure: or aws: (default: memory:)")
    .option("--actors <names>", "run only these actors, by class or subscription, separated by commas")
    .option("--topology <mode>", "create: make missing queues; check: refuse to start without them")
    .option("--health-port <port>", "serve /live, /ready and /metrics/lag on this port; 0 takes a free port")
    .option("--health-host <host>", "the address to listen on (default: 127.0.0.1)")
    .option("--log-level <level>", "debug, info, warn, error or silent (default: warn)")
    .option("--stop-deadline <time>", "how long actors may finish when it stops, such as 45s (default: 30s)");
}

export const run: CliCommand = defineCommand<object, [modules: string[]]>({
  name: "run",
  summary: "run the actors of modules as a worker",
  description:
    "Runs the actors of modules until SIGINT or SIGTERM. It then leases no more events, lets actors finish for up to " +
    "--stop-deadline, abandons the remaining events and ends with 0. A second signal ends it at once. It ends " +
    "with 1 when " +
    'supervision stops the hive. Options that only code can set (a container, middleware) are exported as "hive".',
  define: withWorkerOptions,
  examples: [
    ["beehive run src/actors.ts", "in memory, for a first look"],
    ["beehive run src/actors.ts --provider sqlite:./hive.db", "durable, on this machine"],
    ["beehive run dist/actors.js --actors PaymentActor --health-port 8080", "one actor, with probes for Kubernetes"],
  ],
  endsItself: true,
  async run(context, _options, modules) {
    const { output } = context;
    const settings = await context.settings();
    const application = await context.application(modules);
    const options = await application.resolve();
    const logger = (settings.logLevel === undefined && options.logger) || stderrLogger(output, settings.logLevel);
    const { descriptors, pulsers } = application;
    if (descriptors.length + pulsers.length + (options.sources ?? []).length === 0)
      throw new UsageError(
        "These modules only publish, so there is nothing to run. Name a module with actors, pulsers or sources.",
      );
    const hive = await createHive({ ...options, logger });
    return await runWorker(context, hive, (health) => announce(context, hive, health));
  },
});

function announce({ output }: CommandContext, hive: Hive, health: HealthServer | undefined): void {
  const { name } = hive.provider;
  const queues = hive.descriptors.map(({ queueName }) => queueName.toString());
  if (output.json)
    output.line({ state: "running", provider: name, queues, ...(health && { healthPort: health.port }) });
  else output.note(`Working on ${queues.length === 1 ? queues[0] : `${queues.length} queues`} (${name}).`);
  if (registeredProvider(name)?.sharedBetweenProcesses === false)
    output.note(`${name}: ends with this process, and no other process can push to it.`);
}
