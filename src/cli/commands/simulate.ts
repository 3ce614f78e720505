import { Option } from "commander";
import { explore, type Exploration } from "../../analysis/simulation/explore.ts";
import { profileNames, type ProfileName } from "../../analysis/simulation/faults.ts";
import type { SimulationReport } from "../../analysis/simulation/report.ts";
import { explorationOf } from "../../analysis/simulation/simulate.ts";
import { defineCommand, moduleArgument, type CliCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { duration, several, whole } from "../option-parsers.ts";
import { eventsOfFile } from "../push/events-of-file.ts";
import { inJobs, type SharedRuns } from "../simulation-jobs.ts";
import { progress } from "../terminal/progress.ts";

interface Options {
  readonly as: ProfileName;
  readonly runs: number;
  readonly seed: number;
  readonly push: readonly string[];
  readonly processes: number;
  readonly jobs: number;
  readonly faults: number;
  readonly ignore?: readonly string[];
  readonly within: number;
  readonly story?: boolean;
  readonly all?: boolean;
}

export const simulate: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "simulate",
  summary: "run actors many times in virtual time, with faults",
  description:
    "Runs the actors of modules in memory and in virtual time, each run in another order and with the faults that a " +
    "provider lets through: crashes, lost leases, repeated and late events, throttling. Each run must settle, lose " +
    "nothing, repeat no call that is wrapped with external, and leave in the stores what a run without faults leaves. " +
    "A module may export simulation, with the options of simulate of beehive-actors/testing: given, push, invariant, " +
    "ignore.\n\nA run depends on its seed only. The first that fails is printed with the fewest faults that it takes.",
  define: (command) =>
    command
      .argument("[modules...]", moduleArgument)
      .addOption(
        new Option("--as <provider>", "the provider whose faults strike").choices(profileNames).default("memory"),
      )
      .option(
        "--push <file>",
        "push the bodies of a file, as QUEUE=FILE, or FILE if one queue has no publisher; may be repeated",
        several,
        [],
      )
      .option("--runs <n>", "the number of runs", whole(1), 1_000)
      .option("--seed <n>", "the seed of the first run; each further run takes the next", whole(), 1)
      .option("--processes <n>", "the number of processes that share the work", whole(1), 2)
      .option("--jobs <n>", "processes of this machine that play the runs, each a part of the seeds", whole(1), 1)
      .option("--faults <n>", "the mean number of faults in a run", whole(), 3)
      .option("--ignore <path>", "leave a property or a path out of the comparison; may be repeated", several)
      .addOption(
        new Option("--within <time>", "the most virtual time of a run")
          .argParser(duration(1))
          .default(30 * 24 * 3_600_000, "30d"),
      )
      .option("--story", "tell the story of the run with --seed, also when it does not fail")
      .option("--all", "go on after a failure, and count the failures"),
  examples: [
    ["beehive simulate src/actors.ts --as aws --push OrderAccepted-=orders.ndjson", "1,000 runs"],
    ["beehive simulate src/actors.ts --as aws --push OrderAccepted-=orders.ndjson --seed 207 --story", "one run again"],
    ["beehive simulate src/actors.ts --as azure --runs 5000 --jobs 4 --json", "in a pipeline"],
  ],
  async run(context, options, modules) {
    const { output, signal } = context;
    const application = await context.application(modules);
    const { container, pulsers, publishes } = await application.resolve();
    const { simulation } = application;
    const given = await explorationOf({
      push: [],
      container,
      ...simulation,
      actors: { getDescriptors: () => application.descriptors },
      ...(pulsers && { pulsers }),
      ...(publishes && { publishes }),
      as: options.as,
      runs: options.story ? 1 : options.runs,
      seed: options.seed,
      processes: options.processes,
      faultsPerRun: options.faults,
      within: options.within,
      ignore: [...(simulation.ignore ?? []), ...(options.ignore ?? [])],
    });
    const pushed = (await Promise.all(options.push.map((one) => eventsOfFile(one, application.descriptors)))).flat();
    const shown = progress(output, "{bar} {value}/{total} runs, {failures} failures", given.runs);
    const exploration: Exploration = {
      ...given,
      events: [...given.events, ...pushed],
      stopsAtFirst: !options.all,
      tellsStory: options.story ?? false,
      signal,
      onRun: (runs, failures) => shown.update(runs, { failures }),
    };
    const { report, message, story } = await play(exploration, options.jobs).finally(() => shown.end());
    if (message !== undefined) output.note(message);
    else if (options.story && story !== undefined) output.note(story);
    if (output.json) output.line({ ...report, firstSeed: report.firstSeed ?? null });
    else output.print(summary(report));
    return message === undefined ? exitCode.well : exitCode.failed;
  },
});

interface Played extends SharedRuns {
  readonly story?: string | undefined;
}

/** Plays the runs here, or in several processes. Such a process has a parent, which it tells how far it is. */
async function play(exploration: Exploration, jobs: number): Promise<Played> {
  const { seed, runs, stopsAtFirst, signal = new AbortController().signal, onRun = () => {} } = exploration;
  const tellParent = process.send?.bind(process);
  if (jobs > 1 && runs > 1 && !tellParent) return await inJobs({ jobs, seed, runs, stopsAtFirst, signal, onRun });
  const { report, failure, story } = await explore({
    ...exploration,
    onRun: (made, failures) => {
      onRun(made, failures);
      tellParent?.({ runs: made, failures });
    },
  });
  return { report, message: failure?.message, story };
}

function summary({ runs, failures, faults, coverage, durationMs }: SimulationReport): string {
  const struck = Object.entries(faults).map(([fault, count]) => `${count} ${fault}`);
  const lines = [
    `${runs} runs, ${failures} failures, in ${(durationMs / 1_000).toFixed(1)} s.`,
    `Faults: ${struck.join(", ") || "none"}.`,
    `${coverage.actors.hit} subscriptions and ${coverage.calls.hit} calls were hit.`,
  ];
  const { actors, calls } = coverage;
  if (actors.never.length > 0) lines.push(`Never committed: ${actors.never.join(", ")}.`);
  if (calls.never.length > 0) lines.push(`Never struck: ${calls.never.join(", ")}.`);
  return lines.join("\n");
}
