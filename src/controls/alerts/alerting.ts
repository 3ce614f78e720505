import { createHash } from "node:crypto";
import { waitFor, withTimeLimit, type Clock, type Timer } from "../../base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Provider } from "../../contract/provider.ts";
import type { CollectionStore, Identified, Stored } from "../../contract/stores.ts";
import type { QueueName } from "../../events/queue-name.ts";
import type { RunningHive } from "../heartbeats.ts";
import type { ActivePause } from "../pauses.ts";
import { isAge, watchedBy, type Alert, type AlertContext, type AlertRule, type Watched } from "./alert.ts";
import { find, type Finding } from "./incidents.ts";

export interface AlertingParts extends AlertContext {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rules: readonly AlertRule[];
  /** The subscriptions and queues that the hive reads. */
  readonly read: readonly QueueName[];
  /** The time between two checks, in ms. One of all processes makes each. */
  readonly everyMs: number;
  readonly operator: {
    pauses(): Promise<readonly ActivePause[]>;
    hives(): Promise<readonly RunningHive[]>;
  };
}

/** The state of a list of rules, for all processes that have the same one. */
interface Round extends Identified {
  /** The time of the last check, in ms since the epoch. */
  readonly at: number;
  /** The incidents that were sent, and since when, by the key of their rule. */
  readonly open: Readonly<Record<string, number>>;
  readonly waiting: Readonly<Record<string, number>>;
}

/** How long a sink may take, in ms. */
const maxSendMs = 30_000;
/** How long a stop waits for a check under way, in ms. */
const maxCheckMs = 5_000;

/** Checks rules at an interval, and sends each incident once, in one of all processes. */
export class Alerting {
  readonly #parts: AlertingParts;
  readonly #watched: readonly Watched[];
  readonly #rounds: CollectionStore<Round>;
  readonly #id: string;
  #timer: Timer | undefined;
  #checking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: AlertingParts) {
    this.#parts = parts;
    this.#watched = watchedBy(parts.rules, parts.read);
    this.#rounds = parts.provider.stores.collection<Round>("HiveAlerts");
    this.#id = createHash("sha256")
      .update(this.#watched.map(({ key }) => key).join("\n"))
      .digest("base64url");
  }

  /** @throws BeeHiveError `InvalidConfiguration` for a rule about ages, where the provider does not know them. */
  start(): void {
    const { provider, rules } = this.#parts;
    if (rules.some(isAge) && !provider.queues.oldest)
      throw new BeeHiveError(
        "InvalidConfiguration",
        `alerts: ${provider.name} does not report how long events wait; give lag a number of events.`,
      );
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await waitFor(this.#checking, this.#parts.clock, maxCheckMs);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(this.#parts.everyMs, () => {
      this.#checking = this.#check().then(() => this.#schedule());
    });
  }

  /** Checks once, unless another process has. Never rejects. */
  async #check(): Promise<void> {
    try {
      const round = await this.#claim();
      if (round) await this.#settle(round);
    } catch (error) {
      this.#parts.logger.warn({ err: error }, "alerts could not be checked; the next check follows");
    }
  }

  /** Returns the state if this process makes the check. */
  async #claim(): Promise<Stored<Round> | undefined> {
    const { clock, everyMs } = this.#parts;
    const now = clock.now();
    const before = await this.#rounds.find(this.#id);
    if (!before) return await this.#rounds.insertIfAbsent({ id: this.#id, at: now, open: {}, waiting: {} });
    // Timers of several processes differ; a check that is nearly due is not left to the next one. A clock may be put back.
    if (Math.abs(now - before.at) < everyMs * 0.8) return undefined;
    try {
      return await this.#rounds.update({ ...before, at: now });
    } catch (error) {
      if (isBeeHiveError(error, "ConcurrencyConflict")) return undefined;
      throw error;
    }
  }

  async #settle(round: Stored<Round>): Promise<void> {
    const findings = await this.#find(round);
    const now = this.#parts.clock.now();
    const open: Record<string, number> = {};
    const waiting: Record<string, number> = {};
    const alerts: { readonly watched: Watched; readonly alert: Alert }[] = [];
    for (const watched of this.#watched) {
      const { key } = watched;
      const since = round.open[key];
      const found = findings.get(key);
      if (found?.waiting !== undefined) waiting[key] = found.waiting;
      // A queue that cannot be asked keeps its state.
      const holds = found ? found.incident !== undefined : since !== undefined;
      if (holds) open[key] = since ?? now;
      if (found && holds !== (since !== undefined))
        alerts.push({ watched, alert: alertOf(watched, found, since ?? now) });
    }
    // Written before it is sent: a crash in between loses an alert, and never sends one twice.
    const written = await this.#rounds.update({ ...round, open, waiting });
    const unsent = new Set<string>();
    for (const { watched, alert } of alerts) if (!(await this.#send(watched, alert))) unsent.add(watched.key);
    if (unsent.size > 0) await this.#rounds.update({ ...written, open: reopened(round.open, open, unsent) });
  }

  async #find({ waiting }: Round): Promise<ReadonlyMap<string, Finding>> {
    const { provider, clock, logger, operator } = this.#parts;
    const [pauses, hives] = await Promise.all([operator.pauses(), operator.hives()]);
    const look = { now: clock.now(), queues: askedOnce(provider.queues), pauses, hives, waiting };
    const found = new Map<string, Finding>();
    for (const watched of this.#watched) {
      try {
        found.set(watched.key, await find(watched, look));
      } catch (error) {
        logger.warn({ err: error, queue: watched.queue.toString() }, "an alert could not be checked");
      }
    }
    return found;
  }

  /** Returns whether the sink took the alert. */
  async #send({ sink }: Watched, alert: Alert): Promise<boolean> {
    const { clock, logger, push } = this.#parts;
    try {
      const late = (): never => {
        throw new BeeHiveError("Timeout", `The sink of an alert took longer than ${maxSendMs} ms.`);
      };
      await withTimeLimit(Promise.resolve(sink(alert, { push })), clock, maxSendMs, late);
      return true;
    } catch (error) {
      logger.error({ err: error, alert: alert.text }, "an alert could not be sent; the next check tries again");
      return false;
    }
  }
}

/** Returns the counts of queues, each asked for once in a check, since clouds charge for each. */
function askedOnce(queues: Provider["queues"]): Pick<Provider["queues"], "counts" | "oldest"> {
  const counts = new Map<QueueName, ReturnType<typeof queues.counts>>();
  return {
    counts: (name) => {
      const asked = counts.get(name) ?? queues.counts(name);
      counts.set(name, asked);
      return asked;
    },
    oldest: (name) => queues.oldest?.(name) ?? Promise.resolve(undefined),
  };
}

function alertOf({ rule: { on }, queue }: Watched, { incident }: Finding, since: number): Alert {
  const name = queue.toString();
  const text = incident?.text ?? `${name}: the incident "${on}" is over`;
  const state = incident ? "began" : "over";
  return { on, state, queue: name, since: new Date(since), value: incident?.value ?? 0, text };
}

/** Returns the open incidents as if those of some keys had not changed. */
function reopened(
  before: Round["open"],
  after: Round["open"],
  keys: ReadonlySet<string>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(after).filter(([key]) => !keys.has(key));
  return Object.fromEntries([...entries, ...Object.entries(before).filter(([key]) => keys.has(key))]);
}
