import { Turnstile } from "../../base/turnstile.ts";
import type { Event } from "../../events/event.ts";
import { deadOf, type Calm } from "./checks.ts";
import { CalmDecisions, GivenDecisions, SeededDecisions, calmMs, type Decision, type Decisions } from "./decisions.ts";
import type { Fault } from "./faults.ts";
import { SimulationFailed, type Coverage, type SimulationReport } from "./report.ts";
import { play, type Plan, type Run } from "./run.ts";
import { faultsFirst, smallest } from "./shrink.ts";
import { differences } from "./snapshot.ts";
import { storyOf } from "./story.ts";

/** All runs of a simulation. */
export interface Exploration {
  readonly plan: Plan;
  readonly events: readonly Event[];
  readonly runs: number;
  readonly seed: number;
  readonly faultsPerRun: number;
  /** Ends the simulation at a failure. */
  readonly stopsAtFirst: boolean;
  /** Called after each run. @default Nothing. */
  readonly onRun?: ((runs: number, failures: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Tells the story of the last run, also when it does not fail. @default false */
  readonly tellsStory?: boolean | undefined;
}

/** How a simulation ended. */
export interface Explored {
  readonly report: SimulationReport;
  /** The first failure. */
  readonly failure: SimulationFailed | undefined;
  readonly story: string | undefined;
}

/** Simulations of a process take turns: fakes of the outside belong to the run under way. */
const turns = new Turnstile();

/** Plays the runs, and shrinks the first failure. */
export async function explore(exploration: Exploration): Promise<Explored> {
  const leave = await turns.enter("simulation");
  try {
    return await playAll(exploration);
  } finally {
    leave();
  }
}

async function playAll(exploration: Exploration): Promise<Explored> {
  const { plan, events, runs, seed, faultsPerRun, stopsAtFirst, onRun, signal, tellsStory } = exploration;
  const began = performance.now();
  const tally = new Tally(plan);
  const calm = await calmRun(plan, events);
  let story: string | undefined;
  let failure: SimulationFailed | undefined = "failure" in calm ? calm.failure : undefined;
  if (!("failure" in calm)) {
    for (let n = 0; n < runs && !signal?.aborted && !(failure && stopsAtFirst); n++) {
      const decisions = new SeededDecisions(seed + n, plan.profile, calm.points, faultsPerRun);
      const run = await play(plan, events, decisions, calm);
      tally.add(run, seed + n);
      if (tellsStory) story = storyOf(run.scene.history);
      if (run.violations.length > 0) failure ??= await shrunk(plan, events, calm, { run, decisions, seed: seed + n });
      onRun?.(tally.runs, tally.failures);
    }
  }
  const report = tally.report(performance.now() - began);
  if (failure) failure.report = report;
  return { report, failure, story };
}

/** How much later, and by how much slower, the second calm run is. */
const otherCalm = { startsAt: Date.UTC(2021, 4, 3, 7, 11, 13, 17), delayMs: 3 };

/** Plays the calm run, and once more at another time to learn which values are times. */
async function calmRun(plan: Plan, events: readonly Event[]): Promise<Calm | { readonly failure: SimulationFailed }> {
  const decisions = new CalmDecisions(calmMs);
  const run = await play(plan, events, decisions, undefined);
  if (run.violations.length > 0)
    return {
      failure: new SimulationFailed(undefined, run.violations, storyOf(run.scene.history), "Mend it first."),
    };
  const again = await play(plan, events, new CalmDecisions(otherCalm.delayMs), undefined, otherCalm.startsAt);
  return {
    outcome: run.outcome,
    dead: deadOf(run.scene.history),
    points: decisions.points,
    unsteady: differences(run.outcome, again.outcome).map(({ path }) => path),
  };
}

/** The most runs that shrinking takes, and the most time in ms. */
const maxShrinking = { runs: 1_000, ms: 30_000 };

const elsewhere =
  "The same decisions do not repeat it: an actor takes time or chance from elsewhere than context.clock.";

interface Failed {
  readonly run: Run;
  readonly decisions: Decisions;
  readonly seed: number;
}

/** Finds the fewest events, faults and delays with which a rule is still broken. */
async function shrunk(plan: Plan, all: readonly Event[], calm: Calm, failed: Failed): Promise<SimulationFailed> {
  const checks = new Set(failed.run.violations.map(({ check }) => check));
  const until = performance.now() + maxShrinking.ms;
  let left = maxShrinking.runs;
  let [events, calmNow, last] = [all, calm, failed.run];

  const fails = async (given: readonly Decision[], of: readonly Event[], by: Calm): Promise<boolean> => {
    if (left-- <= 0 || performance.now() > until) return false;
    const run = await play(plan, of, new GivenDecisions(given), by);
    if (!run.violations.some(({ check }) => checks.has(check))) return false;
    last = run;
    return true;
  };

  let decisions = faultsFirst(failed.decisions.made);
  if (!(await fails(decisions, all, calm))) return failureOf(failed, failed.run, [], elsewhere);
  const shrinkDecisions = async (): Promise<void> => {
    // Most failures need no special order, and of the others most need a few long calls only.
    for (const minMs of [Infinity, 1_000, 50, 10]) {
      const part = decisions.filter((one) => !("delayMs" in one) || one.delayMs >= minMs);
      if (part.length === decisions.length || !(await fails(part, events, calmNow))) continue;
      decisions = part;
      break;
    }
    decisions = await smallest(decisions, (part) => fails(part, events, calmNow));
  };
  events = await smallest(all, async (part) => {
    const other = part.length === 0 || left <= 0 ? undefined : await calmRun(plan, part);
    if (!other || "failure" in other || !(await fails(decisions, part, other))) return false;
    calmNow = other;
    return true;
  });
  await shrinkDecisions();
  return failureOf(failed, last, decisions);
}

function failureOf({ seed }: Failed, run: Run, decisions: readonly Decision[], why?: string): SimulationFailed {
  const faults = decisions.filter((one) => "fault" in one).length;
  const delays = decisions.length - faults;
  const takes =
    decisions.length === 0
      ? "It takes no fault at all."
      : `It takes ${counted(faults, "fault")}${delays > 0 ? ` and ${counted(delays, "call")} of another duration` : ""}.`;
  const note = why ?? takes;
  return new SimulationFailed(seed, run.violations, storyOf(run.scene.history), note);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Adds up what the runs reached. */
class Tally {
  runs = 0;
  failures = 0;
  #firstSeed: number | undefined;
  readonly #faults = new Map<Fault, number>();
  readonly #actors: readonly string[];
  readonly #committed = new Set<string>();
  readonly #calls = new Map<string, boolean>();

  constructor({ descriptors }: Plan) {
    this.#actors = descriptors.map(({ queueName }) => String(queueName));
  }

  add({ scene: { history }, violations }: Run, seed: number): void {
    this.runs++;
    if (violations.length > 0) {
      this.failures++;
      this.#firstSeed ??= seed;
    }
    for (const [fault, count] of history.struck) this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + count);
    for (const [call, struck] of history.points) this.#calls.set(call, struck || (this.#calls.get(call) ?? false));
    for (const { committed, descriptor } of history.fates.values())
      if (committed > 0) this.#committed.add(String(descriptor.queueName));
  }

  report(durationMs: number): SimulationReport {
    const { runs, failures } = this;
    const faults = Object.fromEntries([...this.#faults].sort(([one], [other]) => (one < other ? -1 : 1)));
    return { runs, failures, firstSeed: this.#firstSeed, faults, coverage: this.#coverage(), durationMs };
  }

  #coverage(): Coverage {
    const struck = [...this.#calls].filter(([, hit]) => hit);
    return {
      actors: { hit: this.#committed.size, never: this.#actors.filter((name) => !this.#committed.has(name)) },
      calls: {
        hit: struck.length,
        never: [...this.#calls].flatMap(([call, hit]) => (hit ? [] : [call])).toSorted(),
        reached: [...this.#calls.keys()].toSorted(),
      },
    };
  }
}
