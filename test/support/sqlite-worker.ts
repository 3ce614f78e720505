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
  /** The ids of the jobs that it pushes. */
  readonly jobs: readonly string[];
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
    await this.counters.increment("Jobs", "counted", 1);
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
    await this.counters.increment("Jobs", "noted", 1);
    await this.effects.insert({ id: `noted-${event.getBody()}`, job: event.getBody() });
  }
}

const hive = await createHive({ actors: [Count, Note], provider: url, logger: silentLogger });
await hive.start();
console.log("ready");
// A few at a time, so that a kill may come between.
for (let at = 0; at < jobs.length; at += 20)
  await hive.push(jobs.slice(at, at + 20).map((job) => new Event("Job", job, { id: job })));
if (stays) await new Promise(() => setInterval(() => {}, 1_000));
await hive.idle();
await hive.stop();
