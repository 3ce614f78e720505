/**
 * A process that works on a file, for tests that run several or kill some. Says `ready`, then what it handled, a line
 * each. Options as JSON in the first argument; ends by itself when nothing is left to do, unless it is told to stay.
 */
import {
  actorDescription,
  createHive,
  Event,
  injects,
  silentLogger,
  counterStore,
  collectionStore,
} from "beehive-actors";
import type { CollectionStore, CounterStore, ProcessorActor } from "beehive-actors";
import { setTimeout as sleep } from "node:timers/promises";

export interface WorkerOptions {
  readonly url: string;
  /** The jobs that it pushes: from this number, up to that. */
  readonly jobs: readonly [from: number, to: number];
  readonly leaseMs: number;
  /** How long each job takes, in ms. */
  readonly workMs?: number;
  /** Whether it never finishes a job. */
  readonly hangs?: boolean;
  /** Whether it goes on when nothing is left to do. */
  readonly stays?: boolean;
}

interface Effect {
  readonly id: string;
  readonly job: string;
}

const Effects = collectionStore<Effect>("Effects");

const {
  url,
  jobs,
  leaseMs,
  workMs = 0,
  hangs = false,
  stays = false,
} = JSON.parse(process.argv[2] ?? "{}") as WorkerOptions;

/** Several counters, so that not every job waits for every other. */
function shardOf(job: string): string {
  return job.slice(-1);
}

/** Counts each job, which it must not do twice, and says so to the next. */
@injects(counterStore, Effects)
@actorDescription("Job-Count", { parallelism: 8, lease: leaseMs, publishes: ["Counted"] })
class Count implements ProcessorActor {
  constructor(
    private readonly counters: CounterStore,
    private readonly effects: CollectionStore<Effect>,
  ) {}

  async processAsync(event: Event<string>): Promise<Event[]> {
    const job = event.getBody();
    await this.counters.increment("Counted", shardOf(job), 1);
    // An insert of what exists fails: a second effect would end in the dead letters.
    await this.effects.insert({ id: `counted-${job}`, job });
    if (workMs > 0) await sleep(workMs);
    console.log(`handled ${job}`);
    if (hangs) await new Promise(() => setInterval(() => {}, 1_000));
    return [new Event("Counted", job)];
  }
}

/** The same at the next hop. */
@injects(counterStore, Effects)
@actorDescription("Counted-Note", { parallelism: 8, lease: leaseMs })
class Note implements ProcessorActor {
  constructor(
    private readonly counters: CounterStore,
    private readonly effects: CollectionStore<Effect>,
  ) {}

  async processAsync(event: Event<string>): Promise<void> {
    const job = event.getBody();
    await this.counters.increment("Noted", shardOf(job), 1);
    await this.effects.insert({ id: `noted-${job}`, job });
  }
}

const hive = await createHive({ actors: [Count, Note], provider: url, logger: silentLogger });
await hive.start();
console.log("ready");
const [from, to] = jobs;
// A few at a time, so that a kill may come between.
for (let at = from; at < to; at += 20) {
  const names = Array.from({ length: Math.min(20, to - at) }, (_, index) => `job-${at + index}`);
  await hive.push(names.map((job) => new Event("Job", job, { id: job })));
}
if (stays) await new Promise(() => setInterval(() => {}, 1_000));
await hive.whenIdle();
await hive.stop();
