/**
 * A process that works on a provider, for tests that run several or kill some. Prints `ready`, then a line for each handled
 * job. Options are JSON in the first argument. Ends by itself after the last job, unless an option makes it stay.
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
  /** The jobs to push: from the first number up to the second. */
  readonly jobs: readonly [from: number, to: number];
  readonly leaseMs: number;
  /** Duration of each job, in ms. */
  readonly workMs?: number;
  /** How often a job is tried; each kill of a worker that has it counts. @default 10 */
  readonly maxAttempts?: number;
  /** Never finishes a job. */
  readonly hangs?: boolean;
  /** Stays when no job is left. */
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
  maxAttempts = 10,
  hangs = false,
  stays = false,
} = JSON.parse(process.argv[2] ?? "{}") as WorkerOptions;

/** Several counters, so that jobs rarely wait for each other. */
function shardOf(job: string): string {
  return job.slice(-1);
}

/** Counts each job once, and publishes it to the next hop. */
@injects(counterStore, Effects)
@actorDescription("Job-Count", { parallelism: 8, lease: leaseMs, retry: { maxAttempts }, publishes: ["Counted"] })
class Count implements ProcessorActor {
  constructor(
    private readonly counters: CounterStore,
    private readonly effects: CollectionStore<Effect>,
  ) {}

  async processAsync(event: Event<string>): Promise<Event[]> {
    const job = event.getBody();
    await this.counters.increment("Counted", shardOf(job), 1);
    // A repeated insert fails, so a second effect would become a dead letter.
    await this.effects.insert({ id: `counted-${job}`, job });
    if (workMs > 0) await sleep(workMs);
    console.log(`handled ${job}`);
    if (hangs) await new Promise(() => setInterval(() => {}, 1_000));
    return [new Event("Counted", job)];
  }
}

/** Does the same at the next hop. */
@injects(counterStore, Effects)
@actorDescription("Counted-Note", { parallelism: 8, lease: leaseMs, retry: { maxAttempts } })
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
// Push a few at a time, so that a kill may fall between.
for (let at = from; at < to; at += 20) {
  const names = Array.from({ length: Math.min(20, to - at) }, (_, index) => `job-${at + index}`);
  await hive.push(names.map((job) => new Event("Job", job, { id: job })));
}
if (stays) await new Promise(() => setInterval(() => {}, 1_000));
await hive.whenIdle();
await hive.stop();
