import {
  actorDescription,
  collectionStore,
  counterStore,
  eventType,
  injects,
  isBeeHiveError,
  openProvider,
  systemClock,
  type Clock,
  type CollectionStore,
  type CounterStore,
  type Event,
  type Provider,
  type ProcessorActor,
} from "beehive-actors";
import { external, simulate, SimulationFailed, type SimulateOptions } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { directStep } from "../../../../src/contract/provider.ts";
import { CalmDecisions, GivenDecisions, SeededDecisions } from "../../../../src/analysis/simulation/decisions.ts";
import { faultNames, profileNames } from "../../../../src/analysis/simulation/faults.ts";
import { play } from "../../../../src/analysis/simulation/run.ts";
import { explorationOf } from "../../../../src/analysis/simulation/simulate.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("simulate", { timeoutMs: 120_000 });

const Asked = eventType<{ id: string }>("Asked");
const Answered = eventType<{ id: string }>("Answered");
const Answers = collectionStore<{ id: string; times: number }>("Answers");

@actorDescription("Asked-Answer", { publishes: ["Answered"] })
@injects(Answers)
class AnswerActor implements ProcessorActor {
  constructor(private readonly answers: CollectionStore<{ id: string; times: number }>) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { id } = Asked.read(event);
    await this.answers.insertIfAbsent({ id, times: 1 });
    return [Answered.create({ id }), Answered.create({ id: `${id} again` })];
  }
}

@actorDescription("Answered-Count", { ordered: true })
@injects(counterStore)
class CountActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(event: Event): Promise<void> {
    await this.counters.increment("Answers", "all", 1, { once: event.id });
  }
}

const careful: SimulateOptions = {
  actors: [AnswerActor, CountActor],
  push: ["1", "2", "3"].map((id) => Asked.create({ id })),
};

async function failureOf(options: SimulateOptions): Promise<SimulationFailed> {
  try {
    await simulate({ runs: 1_000, ...options });
  } catch (error) {
    if (error instanceof SimulationFailed) return error;
    throw error;
  }
  throw new Error("The simulation found nothing.");
}

test("one seed gives one run, a hundred times", async () => {
  const { plan, events } = await explorationOf({ ...careful, as: "aws" });
  const linesOf = async (): Promise<string> => {
    const decisions = new SeededDecisions(7, plan.profile, 50, 5);
    const { scene, outcome } = await play(plan, events, decisions, undefined);
    return JSON.stringify([scene.history.lines, [...outcome], decisions.made]);
  };
  const first = await linesOf();
  assert.ok(first.includes("crash") || first.includes("lost"), first);
  for (let n = 0; n < 100; n++) assert.is(await linesOf(), first);
});

test("the decisions of a run repeat it without its seed", async () => {
  const { plan, events } = await explorationOf({ ...careful, as: "azure" });
  const decisions = new SeededDecisions(11, plan.profile, 50, 5);
  const { scene } = await play(plan, events, decisions, undefined);
  const again = await play(plan, events, new GivenDecisions(decisions.made), undefined);
  assert.equal(again.scene.history.lines, scene.history.lines);
});

test("actors that may be repeated pass under every profile", async () => {
  const struck = new Set<string>();
  for (const as of profileNames) {
    const { runs, failures, firstSeed, faults, coverage } = await simulate({ ...careful, as, runs: 60 });
    assert.equal([runs, failures, firstSeed], [60, 0, undefined]);
    assert.equal(coverage.actors, { hit: 2, never: [] });
    for (const [fault, count] of Object.entries(faults)) if (count > 0) struck.add(fault);
  }
  const { faults } = await simulate({ ...careful, as: "aws", faults: { crash: 0, "half-batch": 50 }, runs: 50 });
  assert.is(faults.crash, undefined);
  assert.ok((faults["half-batch"] ?? 0) > 0);
  struck.add("half-batch");
  assert.equal([...struck].toSorted(), faultNames.toSorted());
});

test("without faults, the order of things is left to chance", async () => {
  const { faults } = await simulate({ ...careful, as: "aws", faultsPerRun: 0, runs: 20 });
  assert.equal(faults, {});
});

@actorDescription("Asked-Insert")
@injects(Answers)
class InsertActor implements ProcessorActor {
  constructor(private readonly answers: CollectionStore<{ id: string; times: number }>) {}

  async processAsync(event: Event): Promise<void> {
    await this.answers.insert({ id: Asked.read(event).id, times: 1 });
  }
}

test("an insert that a repeat cannot make ends in the dead letters", async () => {
  const options = { actors: InsertActor, push: careful.push, as: "aws" as const };
  const { violations, message, seed, report } = await failureOf(options);
  assert.equal(violations[0]?.check, "deadLetters");
  assert.match(message, /Asked push-\d of Asked-Insert was dead-lettered: There is a .* already/);
  assert.match(message, /It takes 1 fault/);
  assert.match(message, /^ +! \w/m);
  assert.is(report?.firstSeed, seed);
  const again = await failureOf({ ...options, seed: seed ?? 0, runs: 1 });
  assert.is(again.message, message);
  await simulate({ ...options, checks: { deadLetters: false, lost: false }, runs: 50 });
});

test("a failure is shrunk to the events that it takes", async () => {
  const push = Array.from({ length: 12 }, (_, n) => Asked.create({ id: String(n) }));
  const { story } = await failureOf({ actors: InsertActor, push, as: "aws" });
  // A crash may befall the delivery of one event and be due to that of another.
  assert.ok(story.split("\n").filter((line) => line.startsWith("Asked")).length <= 2, story);
});

test("a run that fails without a fault says so", async () => {
  const { seed, message } = await failureOf({
    ...careful,
    invariant: () => {
      throw new Error("the shop is closed");
    },
  });
  assert.is(seed, undefined);
  assert.match(message, "A run without any fault fails:\n  invariant: the shop is closed");
});

@actorDescription("Asked-Ask", { publishes: ["Asked"] })
class AskingActor implements ProcessorActor {
  processAsync(event: Event): Event[] {
    return [event.clone()];
  }
}

test("events that go on for ever are a failure", async () => {
  const { violations } = await failureOf({ actors: AskingActor, push: careful.push, deliveries: 100 });
  assert.match(
    violations[0]?.message ?? "",
    /Not settled within 100 deliveries. Still waiting: .*(AskingActor at work|Asked-Ask)/,
  );
});

test("a counter below its floor is a failure", async () => {
  @actorDescription("Asked-Take")
  @injects(counterStore)
  class TakeActor implements ProcessorActor {
    constructor(private readonly counters: CounterStore) {}

    async processAsync(): Promise<void> {
      await this.counters.increment("Left", "all", 0, { min: 0 });
      await this.counters.increment("Left", "all", -1);
    }
  }
  const { violations } = await failureOf({ actors: TakeActor, push: careful.push });
  assert.is(violations[0]?.message, "counters/Left/all is -1, below its floor of 0.");
});

test("values that follow from the time are not compared", async () => {
  @actorDescription("Asked-Note")
  @injects(Answers)
  class NoteActor implements ProcessorActor {
    constructor(private readonly answers: CollectionStore<{ id: string; times: number }>) {}

    async processAsync(event: Event, { clock }: { readonly clock: Clock }): Promise<void> {
      await this.answers.upsert({ id: Asked.read(event).id, times: clock.now() });
    }
  }
  await simulate({ actors: NoteActor, push: careful.push, as: "aws", runs: 50 });
});

test("an actor that takes chance from elsewhere is named as the reason", async () => {
  let calls = 0;
  const { message } = await failureOf({
    ...careful,
    // The calm runs hold; the first with a seed fails, and is not repeated.
    invariant: () => {
      if (++calls === 3) throw new Error("a throw of the dice");
    },
  });
  assert.match(message, "The same decisions do not repeat it");
});

test("two simulations at once take turns, and fakes work outside of them", async () => {
  const calls: string[] = [];
  const charge = external("charge", (id: string) => calls.push(id));

  @actorDescription("Asked-Charge")
  class ChargeActor implements ProcessorActor {
    async processAsync(event: Event): Promise<void> {
      await charge(Asked.read(event).id);
    }
  }
  const options: SimulateOptions = { actors: ChargeActor, push: careful.push, faultsPerRun: 0, runs: 5 };
  await Promise.all([simulate(options), simulate(options)]);
  calls.length = 0;
  assert.is(await charge("outside"), 1);
  await charge("outside");
  assert.equal(calls, ["outside", "outside"]);
});

test("calls that no fault ever struck are named", async () => {
  const { coverage } = await simulate({ ...careful, faultsPerRun: 0, runs: 2 });
  assert.is(coverage.calls.hit, 0);
  assert.ok(coverage.calls.never.includes("AnswerActor: Answers.insertIfAbsent"), coverage.calls.never.join());
});

test("a profile of one's own lets its faults strike only", async () => {
  const as = { name: "mine", atomicStep: false, deduplication: "1m", faults: { restart: 1, late: 1 } } as const;
  const { faults } = await simulate({ ...careful, as, runs: 30 });
  assert.equal(Object.keys(faults), ["late", "restart"]);
});

test("wrong options are refused", async () => {
  const refused = async (options: object): Promise<string> =>
    (await throwsCode("InvalidConfiguration", () => simulate({ ...careful, ...options }))).message;
  assert.match(await refused({ as: "kafka" }), 'No profile of faults is called "kafka"');
  assert.match(await refused({ runs: 0 }), "runs");
  assert.match(await refused({ faults: { fire: 1 } }), "faults has fire: 1");
  assert.match(await refused({ checks: { weather: true } }), "checks.weather is not a check");
  assert.match(await refused({ as: { name: "mine", deduplication: "soon", faults: {} } }), "as.deduplication");
});

/** Opens a memory provider with some parts replaced. */
function broken(change: (provider: Provider) => Partial<Provider>): Pick<SimulateOptions, "engine"> {
  return {
    engine: async (clock) => {
      const provider = await openProvider("memory:", { clock });
      const changes = change(provider);
      return new Proxy(provider, {
        get: (target, name) => {
          if (Object.hasOwn(changes, name)) return Reflect.get(changes, name) as unknown;
          const value: unknown = Reflect.get(target, name);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
    },
  };
}

test("a provider that takes settlements of lost leases is found", async () => {
  const { violations, seed } = await failureOf({
    ...careful,
    ...broken((provider) => ({
      beginStep(lease) {
        const step = provider.beginStep(lease);
        return {
          stores: step.stores,
          discard: () => step.discard(),
          cancel: (key) => step.cancel(key),
          async commit(outputs) {
            try {
              await step.commit(outputs);
            } catch (error) {
              if (!isBeeHiveError(error, "LeaseLost")) throw error;
              await provider.queues.push(outputs);
            }
          },
        };
      },
    })),
  });
  assert.match(violations[0]?.message ?? "", /was committed by a lease that was lost or settled before/);
  assert.ok((seed ?? 0) <= 1_000);
});

test("a provider that keeps duplicates is found", async () => {
  const { violations } = await failureOf({
    ...careful,
    engine: (clock) => openProvider("memory:?deduplication=1ms", { clock }),
  });
  assert.match(violations[0]?.message ?? "", /was committed 2 times/);
});

test("a provider whose steps are not atomic is found", async () => {
  @actorDescription("Asked-Add")
  @injects(counterStore)
  class AddActor implements ProcessorActor {
    constructor(private readonly counters: CounterStore) {}

    async processAsync(): Promise<void> {
      await this.counters.increment("Asked", "all", 1);
    }
  }
  const { violations } = await failureOf({
    actors: AddActor,
    push: careful.push,
    ...broken((provider) => ({ beginStep: (lease) => directStep(provider.queues, provider.stores, lease) })),
  });
  assert.match(violations[0]?.message ?? "", /counters\/Asked\/all is \d, and \d in a calm run/);
});

test("a provider that does not keep the order of a key is found", async () => {
  @actorDescription("Lines", { ordered: true })
  class LineActor implements ProcessorActor {
    async processAsync(): Promise<void> {}
  }
  const push = ["1", "2", "3"].map((id) => Asked.create({ id }, { queueName: "Lines", partitionKey: "one" }));
  await simulate({ actors: LineActor, push, runs: 200 });
  await simulate({ actors: LineActor, push, as: "aws", runs: 200 });
  const { violations } = await failureOf({
    actors: LineActor,
    push,
    ...broken(({ queues }) => {
      const ensure = queues.ensure.bind(queues);
      queues.ensure = (specs) => ensure(specs.map((spec) => ({ ...spec, ordered: false })));
      return { queues };
    }),
  });
  assert.match(violations[0]?.message ?? "", /leased two events of the key "one" at once|before push-1/);
});

test("a thousand runs of a small system take seconds", async () => {
  const { plan, events } = await explorationOf(careful);
  const began = systemClock.now();
  const cpu = process.cpuUsage();
  for (let n = 0; n < 200; n++) await play(plan, events, new CalmDecisions(), undefined);
  const { user, system } = process.cpuUsage(cpu);
  assert.ok((user + system) / 1_000 < 4_000, `${systemClock.now() - began} ms`);
});

test.run();
