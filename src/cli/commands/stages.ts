import { writeFile } from "node:fs/promises";
import { messageOf } from "../../base/error-text.ts";
import { systemClock } from "../../base/clock.ts";
import { observe } from "../../analysis/estimate/observe.ts";
import { journalOf } from "../../journal/open-journal.ts";
import type { Allotment } from "../../stages/allot.ts";
import { PlacementStore } from "../../stages/auto/placement-store.ts";
import type { StagePlan } from "../../stages/plan.ts";
import { propose, workOf, type Proposal } from "../../stages/propose.ts";
import { stagesText } from "../../stages/stage-text.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode, UsageError, type ExitCode } from "../exit-code.ts";
import { openObserved } from "../graph-source.ts";
import { urlWithoutOptions } from "../open-existing-provider.ts";
import { whole } from "../option-parsers.ts";
import { entryOf, stagePlan } from "../stage-plan.ts";
import { placementText, planText, plainPlan, proposalText } from "../stages-text.ts";

interface Options extends AsOptions {
  readonly stages?: string;
  readonly propose?: boolean;
  readonly observed?: string;
  readonly write?: string;
  readonly placed?: boolean;
  readonly freeze?: boolean;
  readonly unfreeze?: boolean;
}

export const stages: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "stages",
  summary: "print, propose or freeze the stages that host actors",
  description:
    "Prints the plan of a stage file: the actors of each stage and what it subscribes to. Names actors that are in no " +
    "stage or in two, and ends with 1 if there are any.\n\nWith --propose it makes a plan of N stages from the journal " +
    "of --observed: no time-sensitive actor (maxLag) beside one whose longest turn breaks its limit, then even loads, " +
    "then few moves from the present stage file. --write writes it as a stage file.\n\nWith --placed it prints where " +
    "the processes of beehive run --stage auto work now. --freeze keeps actors where they are; only those of a process " +
    "that has gone still move.",
  define: (command) =>
    asOption(
      command
        .argument("[modules...]", moduleArgument)
        .option("--stages <file>", "the stage file; with --propose the number of stages")
        .option("--propose", "propose stages by what was observed")
        .option("--observed <url>", "the provider whose journal is read, such as sqlite:./hive.db")
        .option("--write <file>", "write the proposal as INI, YAML or JSON, by its name")
        .option("--placed", "print where the actors work now")
        .option("--freeze", "keep actors where they are")
        .option("--unfreeze", "let actors move again")
        .option("--provider <url>", "the provider of the processes, for --placed, --freeze and --unfreeze"),
    ),
  examples: [
    ["beehive stages --stages stages.ini", "the plan of a file"],
    ["beehive stages src/actors.ts --propose --observed sqlite:./hive.db --stages 4 --write stages.ini", "a proposal"],
    ["beehive stages --freeze --provider sqlite:./hive.db --as ada", "no actor moves"],
  ],
  async run(context, options, modules) {
    const { propose: proposes, placed, freeze, unfreeze } = options;
    const acts = [proposes, placed, freeze, unfreeze].filter((act) => act === true);
    if (acts.length > 1) throw new UsageError("Give one of --propose, --placed, --freeze and --unfreeze.");
    if (proposes) return await proposed(context, options, modules);
    if (acts.length > 0) return await operated(context, options);
    const { plan } = await stagePlan(context, modules, options.stages);
    const { output } = context;
    if (output.json) output.result(plainPlan(plan));
    else output.print(planText(plan));
    return plan.unplaced.length + plan.twice.length > 0 ? exitCode.failed : exitCode.well;
  },
});

async function operated({ output, provider }: CommandContext, options: Options): Promise<void> {
  const store = new PlacementStore(await provider(), systemClock);
  if (options.freeze) await store.freeze({ by: operatorOf(options) });
  if (options.unfreeze && !(await store.unfreeze({ by: operatorOf(options) }))) output.note("It was not frozen.");
  const { plan, members, frozen } = await store.read();
  const owners = plan?.owners ?? {};
  if (output.json)
    return output.result({
      frozen,
      processes: members.map(({ id, host, pid, started }) => ({ id, host, pid, started: new Date(started) })),
      owners,
    });
  output.print(placementText({ owners, members, frozen }));
}

async function proposed(
  context: CommandContext,
  options: Options,
  modules: readonly string[],
): Promise<ExitCode | void> {
  const { output } = context;
  const { observed, write, stages: given } = options;
  if (observed === undefined)
    throw new UsageError("--propose needs --observed URL, the provider whose journal is read.");
  const count = given === undefined ? 0 : numberOf(given);
  const { stages: path } = await context.settings();
  const present = path === undefined ? undefined : await stagePlan(context, modules, path);
  const application = present?.application ?? (await context.application(modules));
  const file = write ?? path ?? "stages.ini";
  const keyOf = entryOf(application, file);
  const descriptors = present
    ? present.plan.stages.flatMap(({ actors }) => actors).concat(present.plan.unplaced)
    : application.descriptors;
  const names = namesOf(present?.plan, count);
  const provider = await openObserved(observed);
  try {
    const observation = await observe(journalOf(provider));
    if (observation.actors.size === 0)
      throw new UsageError(
        `The journal of ${urlWithoutOptions(observed)} has no events. Run a hive with journal: true there first.`,
      );
    const work = workOf(descriptors, observation, keyOf);
    const proposal = propose({ work, stages: names, before: present && beforeOf(present.plan, keyOf) });
    const text = await textOf(proposal, present?.plan, file);
    const unseen = descriptors.filter(({ queueName }) => !observation.actors.has(queueName.toString()));
    if (output.json) output.result({ ...proposal, allotment: Object.fromEntries(proposal.allotment) });
    else output.print(proposalText(proposal, { seconds: observation.seconds, unseen: unseen.map(({ name }) => name) }));
    if (write !== undefined) await written(write, text);
    else if (!output.json) output.print(`\n${text}`);
    if (write !== undefined) output.note(`Wrote ${write}.`);
  } finally {
    await provider.close();
  }
  return undefined;
}

function numberOf(text: string): number {
  try {
    return whole(1)(text);
  } catch {
    throw new UsageError(`--stages ${text}: with --propose it is the number of stages. The present file is a setting.`);
  }
}

/** Returns the names of the proposed stages: those of the present file first. */
function namesOf(plan: StagePlan | undefined, given: number): readonly string[] {
  const known = plan?.stages.map(({ stage }) => stage.name) ?? [];
  const count = given || known.length;
  if (count === 0) throw new UsageError("--propose needs --stages N, the number of stages.");
  const names = known.slice(0, count);
  for (let number = 1; names.length < count; number++)
    if (!known.includes(`stage${number}`)) names.push(`stage${number}`);
  return names;
}

function beforeOf({ stages: planned }: StagePlan, keyOf: ReturnType<typeof entryOf>): Allotment {
  return new Map(planned.flatMap(({ stage, actors }) => actors.map((actor) => [keyOf(actor), stage.name] as const)));
}

async function textOf(proposal: Proposal, plan: StagePlan | undefined, file: string): Promise<string> {
  const given = new Map(plan?.stages.map(({ stage }) => [stage.name, stage.given]) ?? []);
  const written = proposal.stages.map(({ name, work }) => ({
    name,
    actors: work.map(({ key }) => key).toSorted(),
    settings: given.get(name) ?? {},
  }));
  return await stagesText(written, file);
}

async function written(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new UsageError(`${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
}
