import type { ActorDescriptor } from "../../actors/actor.ts";
import { messageOf } from "../../base/error-text.ts";
import type { Clock } from "../../base/clock.ts";
import type { Provider } from "../../contract/provider.ts";
import type { Stores } from "../../contract/stores.ts";
import type { Event } from "../../events/event.ts";
import { deadOf, violations, type Calm, type Check } from "./checks.ts";
import type { Decisions } from "./decisions.ts";
import { Effects } from "./effects.ts";
import { playing } from "./external-calls.ts";
import type { FaultProfile } from "./faults.ts";
import { History, type Violation } from "./history.ts";
import { InstrumentedStores } from "./instrumented-stores.ts";
import { Publishing } from "./publishing.ts";
import { Scene } from "./scene.ts";
import { Processes, type ProcessOptions } from "./simulated-process.ts";
import { Touched, type Snapshot } from "./snapshot.ts";
import { drained, World } from "./world.ts";

/** The common part of all runs of a simulation. */
export interface Plan {
  readonly descriptors: readonly ActorDescriptor[];
  readonly profile: FaultProfile<number>;
  readonly options: ProcessOptions;
  readonly processes: number;
  /** Opens the provider below the faults. */
  readonly engine: (clock: Clock) => Promise<Provider>;
  /** True if the engine holds more than memory. */
  readonly closesEngine: boolean;
  readonly given: (stores: Stores) => unknown;
  readonly invariant: (stores: Stores, outcome: RunOutcome) => unknown;
  readonly isOn: (check: Check) => boolean;
  readonly ignore: readonly string[];
  /** The most virtual time of a run, in ms. */
  readonly withinMs: number;
  readonly maxDeliveries: number;
  /** The virtual time that a run lasts at least, in ms. */
  readonly lastsMs: number;
}

/** How a run ended, for the invariant of the user. */
export interface RunOutcome {
  /** The dead letters, as subscription and event type. */
  readonly deadLetters: readonly { readonly queueName: string; readonly event: Event }[];
  readonly deliveries: number;
  /** The virtual time that the run took, in ms. */
  readonly tookMs: number;
}

export interface Run {
  readonly scene: Scene;
  readonly outcome: Snapshot;
  readonly violations: readonly Violation[];
}

/** When runs start: far from the time of the machine, so that a mix-up shows. */
const start = Date.UTC(2020, 0, 1);

/** Plays one run, and checks it. @param calm `undefined` for the calm run. */
export async function play(
  plan: Plan,
  events: readonly Event[],
  decisions: Decisions,
  calm: Calm | undefined,
  startsAt: number = start,
): Promise<Run> {
  const world = new World(startsAt);
  const engine = await plan.engine(world.clockOf());
  const { descriptors, profile } = plan;
  const history = new History(descriptors);
  const touched = new Touched();
  const scene = new Scene({ world, decisions, profile, history, touched, effects: new Effects(), engine });
  const processes = new Processes(scene, plan.options);
  playing(scene);
  try {
    const stores = new InstrumentedStores(engine.stores, { touch: (address) => touched.add(address) });
    await plan.given(stores);
    for (let n = 0; n < plan.processes; n++) await processes.start();
    const pushing = pushAll(scene, events);
    await pushing.begun;
    const unsettled = await settle(scene, processes, plan);
    const outcome = await touched.read(engine.stores);
    const found: Violation[] = [
      ...(unsettled === undefined || !plan.isOn("settles") ? [] : [{ check: "settles", message: unsettled }]),
      ...violations(scene, outcome, { calm, ignore: plan.ignore, isOn: plan.isOn }),
    ];
    found.push(...(await broken(plan, stores, scene, world.now - startsAt)));
    return { scene, outcome, violations: found };
  } finally {
    playing(undefined);
    processes.end();
    world.end();
    if (plan.closesEngine) await engine.close();
  }
}

async function broken(plan: Plan, stores: Stores, { history }: Scene, tookMs: number): Promise<Violation[]> {
  const dead = deadOf(history);
  const deadLetters = [...history.fates]
    .filter(([key]) => dead.has(key))
    .map(([, { event, descriptor }]) => ({ queueName: String(descriptor.queueName), event }));
  try {
    await plan.invariant(stores, { deadLetters, deliveries: history.deliveries.length, tookMs });
    return [];
  } catch (error) {
    return [{ check: "invariant", message: messageOf(error) }];
  }
}

/** How long a client waits until it pushes again, in ms. */
const pushAgainMs = 500;

/** Pushes the events one after the other, each until it is published, as a client does. */
function pushAll(scene: Scene, events: readonly Event[]): { readonly begun: Promise<void> } {
  const publishing = new Publishing(scene);
  const push = async (): Promise<void> => {
    for (const event of events) {
      scene.history.pushed.push(event);
      for (;;) {
        try {
          await publishing.push([event], undefined);
          break;
        } catch (error) {
          if (!scene.isSimulated(error)) {
            scene.history.violated("push", `${event.eventType} could not be pushed: ${messageOf(error)}`);
            return;
          }
          await scene.world.pass(pushAgainMs, `push ${event.id} again`);
        }
      }
    }
  };
  void push();
  return { begun: drained() };
}

/** Turns of the event loop without a change, after which an actor at work waits for virtual time. */
const stillTurns = 10;

/** Lets time pass until nothing is under way. Returns why that never comes, in words. */
async function settle(scene: Scene, processes: Processes, plan: Plan): Promise<string | undefined> {
  const { world, history } = scene;
  const [lasts, latest] = [world.now + plan.lastsMs, world.now + plan.withinMs];
  await drained();
  for (;;) {
    if (!world.busy) {
      const waiting = await underWay(scene, processes);
      if (waiting.length === 0 && world.next > lasts) return undefined;
      if (waiting.length > 0) {
        // An actor may wait for something real, such as a file: give it a moment of real time.
        for (let n = 0; n < stillTurns && !world.busy && processes.atWork.length > 0; n++) await drained();
        if (world.next > latest && !world.busy)
          return `Not settled within ${plan.withinMs} ms of virtual time. Still waiting: ${waiting.join(", ")}.`;
      }
    }
    if (history.deliveries.length > plan.maxDeliveries)
      return `Not settled within ${plan.maxDeliveries} deliveries. Still waiting: ${(await underWay(scene, processes)).join(", ")}.`;
    if (world.next === Infinity)
      return `Nothing can happen any more. Still waiting: ${(await underWay(scene, processes)).join(", ")}.`;
    await world.step();
  }
}

/** Returns where events are under way, in words. */
async function underWay({ engine, history }: Scene, processes: Processes): Promise<readonly string[]> {
  const waiting = processes.atWork.map(({ descriptor }) => `${descriptor.name} at work`);
  for (const { queueName } of history.descriptors) {
    const { ready, leased, delayed } = await engine.queues.counts(queueName);
    if (ready + leased + delayed > 0)
      waiting.push(`${queueName}: ${ready} ready, ${leased} leased, ${delayed} delayed`);
  }
  return waiting;
}
