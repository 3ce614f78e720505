import { backPressure, pressureText } from "../actors/pause.ts";
import { errorNameOf, messageOf } from "../base/error-text.ts";
import { safeText } from "../base/safe-text.ts";
import { PauseSubscription } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Provider } from "../contract/provider.ts";
import type { AlertContext, AlertRule } from "../controls/alerts/alert.ts";
import { Alerting } from "../controls/alerts/alerting.ts";
import { Beater, type SampledSubscription } from "../controls/beater.ts";
import { Follower, type Followed } from "../controls/follower.ts";
import { checkInterval, lookInterval, type ControlsOptions } from "../controls/options.ts";
import { withSettings } from "../controls/settings.ts";
import { parallelismOf, type SubscriptionLoop } from "../delivery/subscription-loop.ts";
import type { LagLimits, Late } from "./lag-limits.ts";
import type { Operator } from "./operator.ts";
import type { Orchestrator } from "./orchestrator.ts";
import type { Pulsing } from "../actors/pulses/pulsing.ts";
import type { Sources } from "./sources.ts";

export interface OperatedParts {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly orchestrator: Pick<Orchestrator, "loops" | "joined">;
  readonly limits: LagLimits | undefined;
  readonly pulsers: readonly Pulsing[];
  readonly sources: Sources;
  readonly options: ControlsOptions;
  readonly alerts: readonly AlertRule[];
  readonly operator: Operator;
  readonly push: AlertContext["push"];
}

const maxReason = 200;
/** Looks for each heartbeat. */
const looksABeat = 5;

/** Makes the loops and pulsers of a hive follow what operators set, and tells other processes about them. */
export class Operated {
  readonly #follower: Follower;
  readonly #beater: Beater;
  readonly #alerting: Alerting | undefined;

  constructor(parts: OperatedParts) {
    const { provider, clock, logger, orchestrator, limits, pulsers, sources, options, alerts, operator, push } = parts;
    const { loops } = orchestrator;
    const intervalMs = lookInterval(provider.name, options.interval);
    const { stores } = provider;
    this.#beater = new Beater({
      stores,
      clock,
      logger,
      everyMs: intervalMs === undefined ? undefined : intervalMs * looksABeat,
      appVersion: options.version ?? process.env["npm_package_version"],
      stage: options.stage,
      subscriptions: () => orchestrator.joined.map((loop) => sampleOf(loop, limits?.of(loop))),
      look: limits && (() => limits.look()),
      pulsers: pulsers.map(({ pulser: { name, schedule } }) => ({ name, schedule })),
      sources: () => sources.sample(),
    });
    this.#follower = new Follower({
      stores,
      clock,
      logger,
      intervalMs,
      followed: [...loops.map((loop) => this.#followedLoop(loop)), ...pulsers.map(followedPulser), ...sources.followed],
      looked: () => this.#beater.sample(),
    });
    if (alerts.length === 0) return;
    const read = loops.map(({ descriptor }) => descriptor.queueName);
    const everyMs = checkInterval(intervalMs);
    this.#alerting = new Alerting({ provider, clock, logger, rules: alerts, read, everyMs, operator, push });
  }

  /** Applies what operators set before anything starts, and follows them. */
  async start(): Promise<void> {
    this.#alerting?.start();
    await this.#follower.start();
    await this.#beater.start();
  }

  /** Follows operators before a delivery of a host, which runs no timers. */
  beforeDelivery(): Promise<void> {
    return this.#follower.lookIfOld();
  }

  /** Must be called when a subscription is paused, left, joined or late. */
  changed(): void {
    this.#beater.soon();
  }

  async stop(): Promise<void> {
    this.#follower.stop();
    await this.#alerting?.stop();
    await this.#beater.stop();
  }

  #followedLoop(loop: SubscriptionLoop): Followed {
    const { descriptor } = loop;
    return {
      kind: "queue",
      name: descriptor.queueName.toString(),
      hold: (hold) => {
        loop.polling.hold(hold);
        this.#beater.soon();
      },
      use: (settings) => {
        loop.use(withSettings(descriptor, settings));
        this.#beater.soon();
      },
    };
  }
}

function followedPulser(pulsing: Pulsing): Followed {
  return { kind: "pulser", name: pulsing.pulser.name, hold: (hold) => pulsing.hold(hold) };
}

function sampleOf(
  { descriptor, inFlight, committed, polling }: SubscriptionLoop,
  late: Late | undefined,
): SampledSubscription {
  const { name: actor, queueName, elastic } = descriptor;
  const { paused, held, pressure } = polling;
  return {
    queue: queueName.toString(),
    actor,
    parallelism: parallelismOf({ descriptor, polling }),
    ...(elastic && { elastic }),
    inFlight,
    committed,
    held: held !== undefined,
    ...(late && { late: { ...late, since: late.since.getTime() } }),
    ...(pressure && { paused: { by: backPressure, reason: pressureText(pressure), since: pressure.since } }),
    ...(paused && {
      paused: {
        by: paused.by,
        reason: reasonOf(causeOf(paused.error)),
        since: paused.since,
        until: paused.until,
      },
    }),
  };
}

function reasonOf(error: unknown): string {
  const [line = ""] = messageOf(error).split("\n", 1);
  return safeText(`${errorNameOf(error)}: ${line}`, maxReason);
}

/** Returns the cause of a requested pause, which says more than the request. */
export function causeOf(error: unknown): unknown {
  return error instanceof PauseSubscription && error.cause !== undefined ? error.cause : error;
}
