import { messageOf } from "../../base/error-text.ts";
import { registeredProvider } from "../../contract/provider-module.ts";
import { createHive, type Hive } from "../../hive/hive.ts";
import { healthServer, type HealthServer } from "../../hive/health-server.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode, UsageError, type ExitCode } from "../exit-code.ts";
import { aborted } from "../interruption.ts";
import { loggerOf } from "../logger.ts";
import { redact } from "../../base/redact.ts";

export const run: CliCommand = defineCommand<object, [modules: string[]]>({
  name: "run",
  summary: "work on events with the actors of modules",
  description:
    "Works on events with the actors of modules until it is told to stop. SIGINT or SIGTERM leases no more, lets actors " +
    "finish for up to --stop-deadline, gives back the rest and ends with 0; a second signal ends at once. Ends with 1 " +
    'when supervision stopped the hive. What only code can say (a container, middleware) a module exports as "hive".',
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .option("--provider <url>", "where to run: memory:, sqlite:FILE, azure: or aws: (default: memory:)")
      .option("--actors <names>", "only these, by class or subscription, with commas between")
      .option("--topology <mode>", "create: make what is missing; check: refuse to start without it")
      .option("--health-port <port>", "answer /live and /ready there; 0 takes a free one")
      .option("--health-host <host>", "the address to listen on (default: 127.0.0.1)")
      .option("--log-level <level>", "debug, info, warn, error or silent (default: warn)")
      .option("--stop-deadline <ms>", "how long actors may finish (default: 30000)"),
  examples: [
    ["beehive run src/actors.ts", "in memory, for a first look"],
    ["beehive run src/actors.ts --provider sqlite:./hive.db", "durable, on this machine"],
    ["beehive run dist/actors.js --actors PaymentActor --health-port 8080", "one actor, with probes for Kubernetes"],
  ],
  endsItself: true,
  async run(context, _options, modules) {
    const { output, signal } = context;
    const settings = await context.settings();
    const application = await context.application(modules);
    const options = await application.resolve();
    const logger = (settings.logLevel === undefined && options.logger) || loggerOf(output, settings.logLevel);
    if (application.descriptors.length + application.pulsers.length === 0)
      throw new UsageError(
        "These modules only publish, so there is nothing to run. Name a module with actors or pulsers.",
      );
    const hive = await createHive({ ...options, logger });
    const stop = (): Promise<void> => hive.stop({ deadline: settings.stopDeadline ?? 30_000 });
    let health: HealthServer | undefined;
    try {
      const { port, host } = settings.health ?? {};
      // Before the hive starts: a probe that cannot connect would take a slow start for a dead process.
      if (port !== undefined) health = await healthServer(hive, { port, host });
      await Promise.race([hive.start(), aborted(signal)]);
      if (!signal.aborted) announce(context, hive, health);
      return await end(context, hive, stop);
    } finally {
      await stop();
      await health?.close();
    }
  },
});

/** Waits for a signal, or for the hive to be stopped by its supervision. */
async function end({ output, signal }: CommandContext, hive: Hive, stop: () => Promise<void>): Promise<ExitCode> {
  try {
    await Promise.race([hive.whenStopped(), aborted(signal).then(stop)]);
  } catch (reason) {
    output.complain(`the hive was stopped: ${messageOf(reason)}`);
    if (output.json) output.line({ state: "stopped", reason: redact(messageOf(reason)) });
    return exitCode.failed;
  }
  if (output.json) output.line({ state: "stopped" });
  return exitCode.well;
}

function announce({ output }: CommandContext, hive: Hive, health: HealthServer | undefined): void {
  const { name } = hive.provider;
  const queues = hive.descriptors.map(({ queueName }) => queueName.toString());
  if (output.json)
    output.line({ state: "running", provider: name, queues, ...(health && { healthPort: health.port }) });
  else output.note(`Working on ${queues.length === 1 ? queues[0] : `${queues.length} queues`} (${name}).`);
  if (health) output.note(`Health: port ${health.port}, /live and /ready.`);
  if (registeredProvider(name)?.sharedBetweenProcesses === false)
    output.note(`${name}: is gone when this process ends, and no other process can push to it.`);
}
