import { parallelismText } from "../actors/descriptors-text.ts";
import type { Member } from "../stages/auto/placement.ts";
import type { Placement } from "../stages/auto/placement-store.ts";
import type { StagePlan } from "../stages/plan.ts";
import type { Proposal, TimeLimit } from "../stages/propose.ts";
import { table } from "./text.ts";

/** Returns a plan for people. */
export function planText({ stages, unplaced, twice }: StagePlan): string {
  const rows = stages.flatMap(({ stage, actors }) =>
    actors.map(({ name, queueName, parallelism, elastic, batch, maxLag }) => [
      stage.name,
      name,
      queueName.toString(),
      parallelismText({ parallelism, elastic }),
      batch ? `${batch.size} in ${batch.interval} ms` : "-",
      maxLag === undefined ? "-" : `${maxLag} ms`,
    ]),
  );
  return [
    table(rows, ["STAGE", "ACTOR", "SUBSCRIBES TO", "PARALLELISM", "BATCH", "MAX LAG"]),
    ...unplaced.map(({ name, queueName }) => `In no stage: ${name} on ${queueName}.`),
    ...twice.map(({ actor, stages: names }) => `In ${names.join(" and ")}: ${actor.name} on ${actor.queueName}.`),
  ].join("\n");
}

/** Returns a plan for programs. */
export function plainPlan({ file, stages, unplaced, twice }: StagePlan): object {
  return {
    file: file.path,
    stages: stages.map(({ stage, actors }) => ({
      name: stage.name,
      ...stage.settings,
      actors: actors.map(({ name, queueName, parallelism, elastic, batch, maxLag }) => ({
        actor: name,
        queue: queueName.toString(),
        parallelism: elastic ?? parallelism,
        batch,
        maxLag,
      })),
    })),
    unplaced: unplaced.map(({ name, queueName }) => ({ actor: name, queue: queueName.toString() })),
    twice: twice.map(({ actor, stages: names }) => ({
      actor: actor.name,
      queue: actor.queueName.toString(),
      stages: names,
    })),
  };
}

const limitTexts: Readonly<Record<TimeLimit["state"], (limit: TimeLimit) => string>> = {
  promised: ({ roundMs }) => `is promised: one turn of each actor of its stage takes ${Math.round(roundMs)} ms`,
  kept: () => "is broken by no single turn, but not promised: its stage may be busy for longer",
  broken: () => "is broken by the longest turn of a neighbour: more stages are needed",
};

/** Returns a proposal with its reasons, for people. */
export function proposalText(
  { stages, limits, conflicts, moves }: Proposal,
  { seconds, unseen }: { readonly seconds: number; readonly unseen: readonly string[] },
): string {
  const rows = stages.map(({ name, load, work }) => [
    name,
    `${work.length}`,
    load.toFixed(2),
    `${Math.round(Math.max(0, ...work.map(({ longestMs }) => longestMs)))} ms`,
    `${Math.min(Infinity, ...work.map(({ maxLag = Infinity }) => maxLag))} ms`.replace("Infinity ms", "-"),
  ]);
  return [
    `Observed for ${Math.round(seconds)} s. Load is the mean number of events in work.`,
    table(rows, ["STAGE", "ACTORS", "LOAD", "LONGEST TURN", "LEAST MAX LAG"]),
    ...limits.map(
      (limit) => `${limit.key}: maxLag ${limit.maxLag} ms in ${limit.stage} ${limitTexts[limit.state](limit)}.`,
    ),
    ...conflicts.map(
      ({ sensitive, long }) =>
        `${sensitive.key} waits for ${long.key}, which takes up to ${Math.round(long.longestMs)} ms.`,
    ),
    ...moves.map(({ key, from, to }) => `${key} moves from ${from} to ${to}.`),
    ...(unseen.length > 0 ? [`Not observed, and spread by number: ${unseen.join(", ")}.`] : []),
  ].join("\n");
}

/** Returns where actors work now, for people. */
export function placementText({
  owners,
  members,
  frozen,
}: Pick<Placement, "members" | "frozen"> & { readonly owners: Readonly<Record<string, string>> }): string {
  const nameOf = ({ host, pid }: Member): string => `${host} ${pid}`;
  const ofOwner = new Map(members.map((member) => [member.id, nameOf(member)]));
  const rows = Object.entries(owners)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([queue, id]) => [queue, ofOwner.get(id) ?? "a process that has gone"]);
  return [
    frozen ? `Frozen by ${frozen.by} since ${frozen.since.toISOString()}.` : "Actors move by load.",
    `${members.length === 1 ? "1 process" : `${members.length} processes`} at work.`,
    ...(rows.length > 0 ? [table(rows, ["SUBSCRIPTION", "PROCESS"])] : []),
  ].join("\n");
}
