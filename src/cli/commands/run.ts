import type { Command } from "commander";
import { registeredProvider } from "../../contract/provider-module.ts";
import type { HealthServer } from "../../hive/health-server.ts";
import type { Provider } from "../../contract/provider.ts";
import { createHive } from "../../hive/create-hive.ts";
import { createPlacedHive } from "../../stages/auto/placed-hive.ts";
import { autoStage } from "../../stages/stage-file.ts";
import { createStages } from "../../stages/stages.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { UsageError, type ExitCode } from "../exit-code.ts";
import type { Settings } from "../settings.ts";
import { stagePlan } from "../stage-plan.ts";
import { stderrLogger } from "../stderr-logger.ts";
import { runWorker } from "../worker.ts";

/** Adds the modules and the options of a worker. */
export function withWorkerOptions(command: Command): Command {
  return command
    .argument("[modules...]", moduleArgument)
    .option("--provider <url>", "the provider: memory:, sqlite:FILE, postgres://…, azure: or aws: (default: memory:)")
    .option("--actors <names>", "run only these actors, by class or subscription, separated by commas")
    .option("--stages <file>", "the stage file: INI, YAML or JSON, which may name the modules")
    .option("--stage <names>", "run these stages, separated by commas; auto: share the actors with other processes")
    .option("--all-stages", "run all stages of the stage file in this process")
    .option("--topology <mode>", "create: make missing queues; check: refuse to start without them")
    .option("--health-port <port>", "serve /live, /ready and /metrics/lag on this port; 0 takes a free port")
    .option("--health-host <host>", "the address to listen on (default: 127.0.0.1)")
    .option("--log-level <level>", "debug, info, warn, error or silent (default: warn)")
    .option("--stop-deadline <time>", "how long actors may finish when it stops, such as 45s (default: 30s)");
}

export const run: CliCommand = defineCommand<{ readonly allStages?: boolean }, [modules: string[]]>({
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
    ["beehive run --stages stages.ini --stage billing", "the actors of one stage, see docs/stages.md"],
    ["beehive run dist/actors.js --stage auto", "a share of the actors, beside other such processes"],
    ["beehive run dist/actors.js --actors PaymentActor --health-port 8080", "one actor, with probes for Kubernetes"],
  ],
  endsItself: true,
  async run(context, { allStages = false }, modules) {
    const { output } = context;
    const settings = await context.settings();
    const { stage = [] } = settings;
    if (allStages || (stage.length > 0 && !isAuto(settings)))
      return await runStages(context, modules, allStages ? undefined : stage);
    const application = await context.application(modules);
    const options = await application.resolve();
    const logger = (settings.logLevel === undefined && options.logger) || stderrLogger(output, settings.logLevel);
    const { descriptors, pulsers } = application;
    if (descriptors.length + pulsers.length + (options.sources ?? []).length === 0)
      throw new UsageError(
        "These modules only publish, so there is nothing to run. Name a module with actors, pulsers or sources.",
      );
    if (isAuto(settings)) {
      const placed = await createPlacedHive({ ...options, logger });
      return await runWorker(context, placed, (health) => {
        const { provider, descriptors } = placed.hive;
        announce(context, { provider, queues: placed.queues, stages: [autoStage], of: descriptors.length, health });
      });
    }
    const hive = await createHive({ ...options, logger });
    const queues = hive.descriptors.map(({ queueName }) => queueName.toString());
    return await runWorker(context, hive, (health) => announce(context, { provider: hive.provider, queues, health }));
  },
});

/** Runs stages of the stage file in this process. @param only their names; all of them by default. */
async function runStages(
  context: CommandContext,
  modules: readonly string[],
  only: readonly string[] | undefined,
): Promise<ExitCode> {
  const { output } = context;
  const { logLevel } = await context.settings();
  const { plan, application } = await stagePlan(context, modules);
  const options = await application.resolve();
  const logger = (logLevel === undefined && options.logger) || stderrLogger(output, logLevel);
  if (plan.unplaced.length > 0) output.note(`In no stage: ${plan.unplaced.map(({ name }) => name).join(", ")}.`);
  const { actors: _, overrides: __, ...hiveOptions } = options;
  const stages = await createStages(plan, { ...hiveOptions, logger, only });
  return await runWorker(context, stages, (health) => {
    const hives = [...stages.hives.values()];
    const queues = hives.flatMap(({ descriptors }) => descriptors.map(({ queueName }) => queueName.toString()));
    const [first] = hives;
    if (first) announce(context, { provider: first.provider, queues, stages: [...stages.hives.keys()], health });
  });
}

function isAuto({ stage = [] }: Settings): boolean {
  if (!stage.includes(autoStage)) return false;
  if (stage.length > 1) throw new UsageError(`--stage ${stage.join(",")}: auto stands alone.`);
  return true;
}

interface Announced {
  readonly provider: Pick<Provider, "name">;
  readonly queues: readonly string[];
  readonly stages?: readonly string[];
  /** The number of subscriptions that are shared out. */
  readonly of?: number;
  readonly health: HealthServer | undefined;
}

function announce({ output }: CommandContext, { provider: { name }, queues, stages, of, health }: Announced): void {
  const staged = stages && { stages };
  if (output.json)
    output.line({ state: "running", provider: name, ...staged, queues, ...(health && { healthPort: health.port }) });
  else if (of !== undefined) output.note(`Sharing ${of} queues with other processes (${name}).`);
  else output.note(`Working on ${queues.length === 1 ? queues[0] : `${queues.length} queues`} (${name}).`);
  if (registeredProvider(name)?.sharedBetweenProcesses === false)
    output.note(`${name}: ends with this process, and no other process can push to it.`);
}
