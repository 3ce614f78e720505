import { sleep } from "../../base/clock.ts";
import { messageOf } from "../../base/error-text.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import { inBatches } from "../../base/in-batches.ts";
import { safeText } from "../../base/safe-text.ts";
import { pausesOn } from "../../controls/pauses.ts";
import { registeredProvider } from "../../contract/provider-module.ts";
import { QueueName } from "../../events/queue-name.ts";
import { Activity, flowKey } from "./activity.ts";
import { Drawings } from "./drawing.ts";
import {
  hiveRow,
  lateTexts,
  operationsOf,
  pauseRow,
  requestsOfOperations,
  scheduleRow,
  sourceRows,
  type Operations,
} from "./operations.ts";
import { forkRow } from "./fork-row.ts";
import { troubleOf } from "./trouble.ts";
import { readerOf, type Watched } from "./watched.ts";
import type { Drawing, Flow, Look, QueueRow } from "./wire.ts";

/** The time between two looks: where they are free, and where each request is charged. */
const everyMs = { free: 2_000, charged: 30_000 };
/** How long a reader waits without a look: a proxy closes silent connections. */
const quietMs = 15_000;
const maxMessage = 300;

/** Called with each look. */
type Watcher = (look: Look) => void;

/**
 * Looks at the provider while somebody watches, once for all who do.
 *
 * Nobody watches: nothing is asked of the provider.
 */
export class Looks {
  readonly activity: Activity | undefined;
  readonly #watched: Watched;
  readonly #drawings: Drawings;
  readonly #watchers = new Set<Watcher>();
  readonly #requestsOfCount: number | undefined;
  #names: readonly QueueName[] = [];
  #last: Look | undefined;
  #drawing: Drawing | undefined;
  #under: Promise<Look> | undefined;
  #stop: AbortController | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#drawings = new Drawings(watched);
    this.#requestsOfCount = registeredProvider(watched.provider.name)?.requestsOfCount;
    this.activity = watched.journal && new Activity(watched.journal);
  }

  /**
   * Yields the looks to come until the signal aborts. `undefined`: none has come for a while.
   *
   * A slow reader misses looks, and gets the newest.
   */
  async *follow(signal: AbortSignal): AsyncGenerator<Look | undefined, void> {
    let newest: Look | undefined;
    let wake = new AbortController();
    const unwatch = this.#watch((look) => {
      newest = look;
      wake.abort();
    });
    // A reader that has gone may not ask for the next one.
    signal.addEventListener("abort", unwatch, { once: true });
    try {
      while (!signal.aborted) {
        const look = newest;
        newest = undefined;
        yield look;
        wake = new AbortController();
        if (newest === undefined) await sleep(this.#watched.clock, quietMs, AbortSignal.any([signal, wake.signal]));
      }
    } finally {
      unwatch();
    }
  }

  /** Calls `watcher` with the last look, if it is fresh, and with those to come. Returns how to end that. */
  #watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    if (this.#isFresh && this.#last) watcher(this.#last);
    if (!this.#stop) {
      this.#stop = new AbortController();
      void this.#run(this.#stop.signal);
    }
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      this.#stop?.abort();
      this.#stop = undefined;
    };
  }

  /** Returns the last look if it is fresh, else a new one. */
  async now(): Promise<Look> {
    return this.#isFresh && this.#last ? this.#last : await this.#look();
  }

  /** Looks at once, after an action. */
  async again(): Promise<void> {
    await this.#under;
    this.#tell(await this.#look());
  }

  async drawing(): Promise<Drawing> {
    await this.now();
    return this.#drawing ?? { left: 0, top: 0, width: 0, height: 0, leftOut: [], cards: [], arrows: [] };
  }

  get #everyMs(): number {
    return this.#requestsOfCount === undefined ? everyMs.free : everyMs.charged;
  }

  get #isFresh(): boolean {
    return this.#last !== undefined && Math.abs(this.#watched.clock.now() - this.#last.at) < this.#everyMs;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const look = this.#isFresh && this.#last ? this.#last : await this.#look();
      if (!signal.aborted) this.#tell(look);
      await sleep(this.#watched.clock, this.#everyMs, signal);
    }
  }

  #tell(look: Look): void {
    for (const watcher of this.#watchers) watcher(look);
  }

  /** Looks at the provider; those who ask meanwhile get the same look. */
  #look(): Promise<Look> {
    this.#under ??= this.#ask()
      .catch((error: unknown) => this.#failed(error))
      .then((look) => (this.#last = look))
      .finally(() => {
        this.#under = undefined;
      });
    return this.#under;
  }

  #failed(error: unknown): Look {
    const failure = safeText(messageOf(error), maxMessage);
    return { ...(this.#last ?? this.#empty()), at: this.#watched.clock.now(), failure };
  }

  #empty(): Look {
    const { provider, clock } = this.#watched;
    const series = { time: [], done: [], failed: [], wait: [] };
    return {
      at: clock.now(),
      provider: provider.name,
      everyMs: this.#everyMs,
      requests:
        this.#requestsOfCount === undefined
          ? undefined
          : this.#requestsOfCount * this.#names.length + requestsOfOperations,
      failure: undefined,
      warnings: [],
      hasJournal: this.activity !== undefined,
      drawing: "",
      queues: [],
      flows: [],
      series,
      pause: undefined,
      hives: [],
      schedules: [],
      sources: [],
      forks: [],
    };
  }

  async #ask(): Promise<Look> {
    const { provider, clock } = this.#watched;
    const now = clock.now();
    const [operations] = await Promise.all([operationsOf(this.#watched, now), this.activity?.refresh(now)]);
    this.#names = await this.#known(operations);
    const [queues, warnings] = await Promise.all([this.#rows(now, operations), provider.warnings?.() ?? []]);
    const flows = this.activity?.flows(now) ?? new Map<string, { count: number; perMinute: number }>();
    const edges = [...flows].map(([key, { count }]) => {
      const [from = "", destination = ""] = key.split("\n");
      return { from: from === "" ? undefined : from, destination, count };
    });
    const readers = new Map(queues.map(({ name, actor }) => [name, actor]));
    const { version, drawing, forks } = this.#drawings.of({ edges, readers });
    this.#drawing = drawing;
    return {
      ...this.#empty(),
      at: now,
      warnings,
      drawing: version,
      queues,
      pause: operations.pauses.filter(({ kind, on }) => kind === "queue" && on === "*").map(pauseRow)[0],
      hives: operations.hives.map(hiveRow),
      schedules: operations.schedules.map(scheduleRow),
      sources: sourceRows(operations),
      forks: forks.map((fork) => forkRow(fork, this.activity && edges)),
      flows: edges.map(({ from = "", destination }): Flow => {
        const { count = 0, perMinute = 0 } = flows.get(flowKey(from, destination)) ?? {};
        return { from, to: destination, count, perMinute };
      }),
      series: this.activity?.series(now) ?? this.#empty().series,
    };
  }

  /** Returns the queues of known actors, of the provider, of processes and of the journal. */
  async #known({ hives }: Operations): Promise<readonly QueueName[]> {
    const { descriptors, provider } = this.#watched;
    const listed = (await provider.queues.names?.()) ?? [];
    const beating = hives.flatMap(({ subscriptions }) => subscriptions.map(({ queue }) => queue));
    const read = [...beating, ...(this.activity?.readers.keys() ?? [])].map((name) => QueueName.parse(name));
    const names = [...descriptors.map(({ queueName }) => queueName), ...listed, ...read];
    return [...new Map(names.map((name) => [name.toString(), name])).values()].toSorted((one, other) =>
      one.toString() < other.toString() ? -1 : 1,
    );
  }

  async #rows(now: number, operations: Operations): Promise<readonly QueueRow[]> {
    const rows = new Map<QueueName, QueueRow>();
    await inBatches(this.#names, async (name) => {
      const row = await this.#row(name, now, operations);
      if (row) rows.set(name, row);
    });
    return this.#names.flatMap((name) => rows.get(name) ?? []);
  }

  /** Returns `undefined` for a queue of the journal that was deleted. */
  async #row(name: QueueName, now: number, { hives, pauses }: Operations): Promise<QueueRow | undefined> {
    const { provider, descriptors } = this.#watched;
    try {
      const [{ ready, leased, delayed, dead }, oldest] = await Promise.all([
        provider.queues.counts(name),
        provider.queues.oldest?.(name),
      ]);
      const text = name.toString();
      const reader = hives.flatMap(({ subscriptions }) => subscriptions).find(({ queue }) => queue === text);
      // Hosts that hand over events, and hives without controls, send no heartbeat.
      const isRead = reader !== undefined || hives.length === 0;
      const activity = this.activity?.of(text, now) ?? { perMinute: 0, done: 0, failed: 0, tookMs: undefined };
      const row = {
        name: text,
        actor: readerOf({ descriptors }, name)?.name ?? reader?.actor ?? this.activity?.readers.get(text),
        ready,
        leased,
        delayed,
        dead,
        oldestMs: oldest === undefined ? undefined : Math.max(0, now - oldest),
        ...activity,
        pauses: pausesOn(pauses, text).map(pauseRow),
        late: lateTexts(hives, text),
      };
      return { ...row, trouble: troubleOf(row, isRead) };
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) return undefined;
      throw error;
    }
  }
}
