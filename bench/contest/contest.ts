import type { Settings } from "../child/hops.ts";
import type { Latency } from "../child/load.ts";
import type { CommandName, Commands } from "../child/protocol.ts";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server, ServerCounts } from "../servers/server.ts";
import { scratchFolder } from "../servers/scratch.ts";
import { spreadOf } from "../statistics.ts";
import { progress } from "../progress.ts";
import { programOf } from "./build.ts";
import { Racer } from "./racer.ts";

/** A participant of a contest. */
export interface Entry {
  readonly name: string;
  /** File name without extension, in `contestants/` or, for a peer, in `peers/`. */
  readonly file: string;
  readonly peer: boolean;
  readonly settings?: Partial<Settings>;
  /** Concurrencies to try before the rounds, which use the best. */
  readonly concurrency: readonly number[];
  readonly server?: Server;
  readonly environment?: Readonly<Record<string, string>>;
  /** Flushes of the disk so far by it and its server, where they are counted. */
  readonly flushes?: () => number;
}

/** Results of a participant; each list has one entry for each round. */
export interface Standing {
  readonly entry: Entry;
  readonly concurrency: number;
  /** Handler calls per second with each tried concurrency. */
  readonly sweep: ReadonlyMap<number, number>;
  /** Handler calls per second. */
  readonly rates: number[];
  /** Processor time of a thousand handler calls, in ms, by its process and by its server. */
  readonly cpu: number[];
  readonly serverCpu: number[];
  readonly flushesPerSecond: number[];
  /** Of its server, for a handler call. */
  readonly statements: number[];
  readonly walBytes: number[];
  readonly latencies: Latency[];
  peakBytes: number;
  /** Idle processor time with that of its server, in ms per second. */
  idleCpu: number;
  /** Statements of its server a second with nothing to do. */
  idleStatements: number;
}

export interface Contest {
  readonly standings: readonly Standing[];
  /** Participants left out, each with the reason. */
  readonly leftOut: readonly string[];
}

export interface Rules {
  readonly seconds: number;
  readonly rounds: number;
  /** Source events under way at the same time. */
  readonly window: number;
  /** Load for latencies, as a share of the peak of each. @default no latencies */
  readonly latencyLoad?: number;
  /** Duration of the idle measurement of each, in seconds. */
  readonly idleSeconds?: number;
}

/** Runs a contest. A failing contestant is left out with its error; the others continue. */
export async function contest(entries: readonly Entry[], rules: Rules): Promise<Contest> {
  const leftOut: string[] = [];
  const lanes: Lane[] = [];
  for (const entry of entries) {
    if (existsSync(programOf(entry))) lanes.push(new Lane(entry));
    else leftOut.push(`${entry.name}: not built`);
  }
  const each = async (step: (lane: Lane) => Promise<void>): Promise<void> => {
    for (const lane of lanes.slice()) {
      try {
        await step(lane);
      } catch (error) {
        leftOut.push(`${lane.standing.entry.name}: ${reasonOf(error)}`);
        lanes.splice(lanes.indexOf(lane), 1);
        await lane.racer.end();
      }
    }
  };
  try {
    progress(`${entries.map(({ name }) => name).join(", ")}: the concurrency that suits each`);
    await each((lane) => lane.sweep(rules));
    for (let round = 0; round < rules.rounds; round++) {
      progress(`round ${round + 1} of ${rules.rounds}`);
      await each((lane) => lane.round(rules));
      // Rotate the order, so that each runs after different ones.
      lanes.push(...lanes.splice(0, 1));
    }
    const { latencyLoad, idleSeconds } = rules;
    if (latencyLoad !== undefined) {
      progress("latency");
      for (let round = 0; round < rules.rounds; round++) await each((lane) => lane.latency(latencyLoad, rules));
    }
    if (idleSeconds !== undefined) await each((lane) => lane.idle(idleSeconds));
  } finally {
    for (const { racer } of lanes) await racer.end();
  }
  const standings = entries.flatMap((entry) => lanes.filter((lane) => lane.standing.entry === entry));
  return { standings: standings.map(({ standing }) => standing), leftOut };
}

/** Wait after the start, so that its last work does not count as idle, in ms. */
const settleMs = 3_000;

type Spent = ServerCounts & { readonly cpuMs: number };

/** The run of a contestant through the contest. */
class Lane {
  readonly racer: Racer;
  standing: Standing;
  /** The processor time of its server in the last command. */
  #spent: Spent = { cpuMs: 0, statements: NaN, walBytes: NaN };

  constructor(entry: Entry) {
    this.racer = new Racer(programOf(entry), entry.environment);
    this.standing = {
      entry,
      concurrency: entry.concurrency[0] ?? 1,
      sweep: new Map(),
      rates: [],
      cpu: [],
      serverCpu: [],
      flushesPerSecond: [],
      statements: [],
      walBytes: [],
      latencies: [],
      peakBytes: 0,
      idleCpu: NaN,
      idleStatements: NaN,
    };
  }

  /** Chooses the best concurrency. Runs also with a single choice, because it warms up. */
  async sweep({ seconds, window }: Rules): Promise<void> {
    const sweep = new Map<number, number>();
    for (const concurrency of this.standing.entry.concurrency) {
      const result = await this.#opened(concurrency, "throughput", { seconds, window }, seconds);
      sweep.set(concurrency, result.handled / result.seconds);
    }
    const [[concurrency] = [1]] = [...sweep].toSorted(([, a], [, b]) => b - a);
    this.standing = { ...this.standing, concurrency, sweep };
  }

  async round({ seconds, window }: Rules): Promise<void> {
    const { entry, concurrency, rates, cpu, serverCpu, flushesPerSecond, statements, walBytes } = this.standing;
    const flushesBefore = entry.flushes?.() ?? 0;
    const result = await this.#opened(concurrency, "throughput", { seconds, window }, seconds);
    const rate = result.handled / result.seconds;
    rates.push(rate);
    cpu.push((result.cpuMs / result.handled) * 1_000);
    serverCpu.push((this.#spent.cpuMs / result.total) * 1_000);
    flushesPerSecond.push((((entry.flushes?.() ?? NaN) - flushesBefore) / result.total) * rate);
    statements.push(this.#spent.statements / result.total);
    walBytes.push(this.#spent.walBytes / result.total);
    this.standing.peakBytes = result.peakBytes;
  }

  async latency(load: number, { seconds }: Rules): Promise<void> {
    const { concurrency, rates, latencies } = this.standing;
    const ratePerSecond = (spreadOf(rates).median / 3) * load;
    latencies.push(await this.#opened(concurrency, "latency", { ratePerSecond, seconds }, seconds));
  }

  async idle(seconds: number): Promise<void> {
    const own = await this.#opened(this.standing.concurrency, "idle", { seconds }, seconds, settleMs);
    this.standing.idleCpu = own + this.#spent.cpuMs / seconds;
    this.standing.idleStatements = this.#spent.statements / seconds;
  }

  async #opened<C extends CommandName>(
    concurrency: number,
    command: C,
    options: Commands[C]["options"],
    seconds: number,
    waitMs = 0,
  ): Promise<Commands[C]["answer"]> {
    using folder = scratchFolder();
    const { settings, server } = this.standing.entry;
    await this.racer.ask("open", {
      ...settings,
      concurrency,
      folder: folder.path,
      ...(server && { port: server.port }),
    });
    await sleep(waitMs);
    const before = await spentBy(server);
    const answer = await this.racer.ask(command, options, seconds * 1_000 + 60_000);
    const after = await spentBy(server);
    this.#spent = {
      cpuMs: after.cpuMs - before.cpuMs,
      statements: after.statements - before.statements,
      walBytes: after.walBytes - before.walBytes,
    };
    await this.racer.ask("close", {});
    return answer;
  }
}

async function spentBy(server: Server | undefined): Promise<Spent> {
  const counts = (await server?.counts?.()) ?? { statements: NaN, walBytes: NaN };
  return { ...counts, cpuMs: server?.cpuMs() ?? 0 };
}

/** Returns the most telling line of an error, or its known cure. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("NODE_MODULE_VERSION"))
    return "it was compiled for another version of Node; npm rebuild --prefix bench/peers";
  if (message.includes("ERR_MODULE_NOT_FOUND")) return "it is not installed; npm ci --prefix bench/peers";
  const lines = message.split("\n");
  const telling = lines.find((line) => /error|ended|answer/i.test(line)) ?? lines[0] ?? "";
  return telling.trim().slice(0, 200);
}
