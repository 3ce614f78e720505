import { Event, operate, silentLogger, type Event as AnEvent } from "beehive-actors";
import { createPlacedHive, type PlacedHive } from "beehive-actors/stages";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { sleep } from "../../../src/base/clock.ts";
import { PlacementStore } from "../../../src/stages/auto/placement-store.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { mortal } from "../../support/mortal.ts";
import { suite } from "../../support/suite.ts";

const test = suite("processes that share the actors out", { timeoutMs: 20_000 });

const topics = Array.from({ length: 6 }, (_, n) => `Topic${n}`);
const queueOf = (topic: string): string => `${topic}-Work`;

interface Process {
  readonly placed: PlacedHive;
  readonly kill: () => void;
  readonly loseLocks: () => void;
  readonly cut: (isCut: boolean) => void;
}

/** An event in work. */
interface Turn {
  readonly name: string;
  readonly topic: string;
}

/** Processes on one provider, in virtual time. */
class Scene {
  readonly clock = new ManualClock();
  readonly provider = new MemoryProvider({ clock: this.clock });
  readonly processes = new Map<string, Process>();
  /** The process of each event. */
  readonly done: { readonly topic: string; readonly body: unknown; readonly by: string }[] = [];
  /** How long an event of a topic takes, in ms. */
  readonly turns = new Map<string, number>();
  readonly #working = new Set<Turn>();
  /** Events in work while another process worked on the topic. */
  readonly #shared: Turn[] = [];
  readonly warnings: string[] = [];
  #pushed = 0;

  async start(name: string): Promise<void> {
    const { clock, provider, kill, loseLocks, cut } = mortal(this.provider, this.clock);
    const actors = topics.map((topic) =>
      actor(queueOf(topic), async (event: AnEvent) => {
        const turn = { name, topic };
        this.#shared.push(...[...this.#working].filter((one) => one.topic === topic && one.name !== name));
        this.#working.add(turn);
        await sleep(clock, this.turns.get(topic) ?? 10);
        this.#working.delete(turn);
        this.done.push({ topic, body: event.getBody(), by: name });
      }),
    );
    const logger = { ...silentLogger, warn: (_fields: object, text: string) => void this.warnings.push(text) };
    const placed = await createPlacedHive({ actors, provider, clock, logger, journal: false });
    this.processes.set(name, { placed, kill, loseLocks, cut });
    await placed.start();
    await this.clock.advance(0);
  }

  /** Advances by seconds. No subscription may ever have two processes. */
  async seconds(count: number, each: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    for (let n = 0; n < count; n++) {
      await each();
      await this.clock.advance("1s");
      const held = [...this.processes.values()].flatMap(({ placed }) => placed.queues);
      assert.is(new Set(held).size, held.length, `two owners: ${held.join(" ")}`);
    }
  }

  async push(topic: string): Promise<void> {
    const { queues } = this.provider;
    await queues.push([new Event(topic, ++this.#pushed)]);
  }

  get pushed(): number {
    return this.#pushed;
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.processes].map(([name, { placed }]) => [name, placed.queues.length]));
  }

  ownerOf(topic: string): string | undefined {
    return [...this.processes].find(([, { placed }]) => placed.queues.includes(queueOf(topic)))?.[0];
  }

  kill(name: string): void {
    this.processes.get(name)?.kill();
    for (const turn of this.#working) if (turn.name === name) this.#working.delete(turn);
    this.processes.delete(name);
  }

  async stop(name: string): Promise<void> {
    const { placed } = this.processes.get(name) ?? {};
    this.processes.delete(name);
    let isOver = false;
    const stopping = placed?.stop().then(() => (isOver = true));
    while (!isOver) await this.clock.advance(100);
    await stopping;
  }

  async end(): Promise<void> {
    for (const name of [...this.processes.keys()]) await this.stop(name);
    assert.equal(this.#shared, [], "two processes worked on one subscription");
  }
}

const all = (scene: Scene) => () => Promise.all(topics.map((topic) => scene.push(topic)));

test("one process takes all actors at once", async () => {
  const scene = new Scene();
  await scene.start("a");
  assert.equal(scene.counts(), { a: 6 });
  await scene.end();
});

test("a joining process gets its share in seconds, and no event is lost", async () => {
  const scene = new Scene();
  await scene.start("a");
  await scene.seconds(10, all(scene));
  await scene.start("b");
  await scene.seconds(30, all(scene));
  assert.equal(scene.counts(), { a: 3, b: 3 });
  await scene.seconds(5);
  assert.equal(scene.done.length, scene.pushed, "each event once");
  await scene.end();
});

test("an actor finishes its events before it moves", async () => {
  const scene = new Scene();
  for (const topic of topics) scene.turns.set(topic, 4_000);
  await scene.start("a");
  await scene.start("b");
  await scene.seconds(30, all(scene));
  await scene.seconds(60);
  assert.equal(scene.counts(), { a: 3, b: 3 });
  assert.is(scene.done.length, scene.pushed);
  await scene.end();
});

test("a process that stops hands its actors over within two looks", async () => {
  const scene = new Scene();
  await scene.start("a");
  await scene.start("b");
  await scene.seconds(30);
  await scene.stop("a");
  await scene.seconds(26, all(scene));
  assert.equal(scene.counts(), { b: 6 });
  await scene.seconds(5);
  assert.is(scene.done.length, scene.pushed);
  await scene.end();
});

test("the actors of a killed process work elsewhere within 30 s", async () => {
  const scene = new Scene();
  for (const name of ["a", "b", "c"]) await scene.start(name);
  await scene.seconds(40);
  assert.equal(scene.counts(), { a: 2, b: 2, c: 2 });
  scene.kill("a");
  await scene.seconds(30, all(scene));
  assert.equal(scene.counts(), { b: 3, c: 3 });
  await scene.seconds(90);
  assert.equal(new Set(scene.done.map(({ body }) => body)).size, scene.pushed);
  await scene.end();
});

test("a shift of the load moves actors after a while, never back and forth", async () => {
  const scene = new Scene();
  await scene.start("a");
  await scene.start("b");
  await scene.seconds(30);
  const ofA = topics.filter((topic) => scene.ownerOf(topic) === "a");
  for (const topic of ofA) scene.turns.set(topic, 800);
  const owners = new Set<string>();
  await scene.seconds(600, async () => {
    await Promise.all(ofA.map((topic) => scene.push(topic)));
    owners.add(topics.map((topic) => scene.ownerOf(topic) ?? "-").join(""));
  });
  const busy = ofA.map((topic) => scene.ownerOf(topic));
  assert.equal(new Set(busy), new Set(["a", "b"]));
  const settled = [...owners].filter((text) => !text.includes("-"));
  assert.ok(settled.length <= 2, `it moved more than once: ${settled.join(" ")}`);
  await scene.end();
});

test("a frozen placement gives a new process nothing, until it is unfrozen", async () => {
  const scene = new Scene();
  const store = new PlacementStore(scene.provider, scene.clock);
  await scene.start("a");
  await store.freeze({ by: "ada" });
  await scene.start("b");
  await scene.seconds(60);
  assert.equal(scene.counts(), { a: 6, b: 0 });
  assert.ok(await store.unfreeze({ by: "bob" }));
  await scene.seconds(30);
  assert.equal(scene.counts(), { a: 3, b: 3 });
  const acts: string[] = [];
  for await (const { act, by, on } of (await operate(scene.provider)).acts()) acts.push(`${act} ${on} by ${by}`);
  assert.equal(acts, ["unfreeze stages by bob", "freeze stages by ada"]);
  await scene.end();
});

test("a process that loses its locks leases nothing until it has them again", async () => {
  const scene = new Scene();
  await scene.start("a");
  await scene.seconds(6);
  scene.processes.get("a")?.loseLocks();
  await all(scene)();
  await scene.clock.advance("1s");
  assert.equal([scene.counts(), scene.done.length], [{ a: 0 }, 0]);
  await scene.seconds(6);
  assert.equal([scene.counts(), scene.done.length], [{ a: 6 }, 6]);
  await scene.end();
});

test("an actor whose event takes too long moves all the same", async () => {
  const scene = new Scene();
  await scene.start("a");
  for (const topic of topics) scene.turns.set(topic, 45_000);
  await all(scene)();
  await scene.clock.advance("1s");
  await scene.start("b");
  await scene.seconds(25);
  assert.equal(scene.counts(), { a: 3, b: 0 }, "they finish first");
  await scene.seconds(20);
  assert.equal(scene.counts(), { a: 3, b: 3 });
  await scene.seconds(60);
  assert.is(scene.done.length, scene.pushed);
  await scene.end();
});

test("a process that cannot read the plan goes on with what it has", async () => {
  const scene = new Scene();
  await scene.start("a");
  await scene.seconds(6);
  scene.processes.get("a")?.cut(true);
  await scene.push("Topic0");
  await scene.seconds(60);
  scene.processes.get("a")?.cut(false);
  assert.equal(scene.counts(), { a: 6 });
  assert.is(scene.done.length, 1);
  assert.equal(scene.warnings, ["the placement cannot be read; actors stay where their locks hold them"]);
  await scene.end();
});

test.run();
