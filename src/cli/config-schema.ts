import * as v from "valibot";
import { durationForms, inMs, type Duration } from "../base/duration.ts";
import { delay, isNumber, time, wholeMs, type NumberRule } from "../base/numbers.ts";
import type { ActorOverride, ActorOverrides } from "../actors/overrides.ts";
import type { Topology } from "../hive/orchestrator.ts";
import { QueueName } from "../events/queue-name.ts";

/** What `beehive.config.*` may hold. docs/cli.md has it as a table. */
export interface Config {
  readonly provider?: string;
  /** Paths; of a file, from where it is. */
  readonly modules?: readonly string[];
  /** Only these of the modules, by class or subscription. */
  readonly actors?: readonly string[];
  readonly topology?: Topology;
  readonly defaults?: Pick<ActorOverride, "parallelism" | "lease" | "retry" | "failureLimit">;
  /** As they stand there, or the path of a file of them. */
  readonly overrides?: ActorOverrides | string;
  readonly journal?: boolean;
  readonly health?: { readonly port?: number; readonly host?: string };
  /** Topics and queues that are fed from outside. */
  readonly entries?: readonly string[];
  readonly logLevel?: (typeof logLevels)[number];
  /** How long a worker that is told to stop lets actors finish, in ms. */
  readonly stopDeadline?: number;
}

const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

const text = v.pipe(v.string("must be a text"), v.nonEmpty("must not be empty"));
const texts = v.array(text, "must be a list of texts");
const flag = v.boolean("must be true or false");
const whole = (least: number, most: number = Number.MAX_SAFE_INTEGER): v.GenericSchema<number> =>
  v.pipe(
    v.number("must be a number"),
    v.integer("must be a whole number"),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
const number = (least: number, most: number = Number.MAX_VALUE): v.GenericSchema<number> =>
  v.pipe(
    v.number("must be a number"),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
const duration = (rule: NumberRule): v.GenericSchema<Duration> =>
  v.custom<Duration>((value) => isNumber(inMs(value), rule), `must be ${rule.must}; ${durationForms}`);
const oneOf = <const T extends readonly string[]>(...names: T): v.GenericSchema<T[number]> =>
  v.picklist(names, `must be ${names.join(" or ")}`);

/** An object with these settings and no others. */
function settings<const Entries extends v.ObjectEntries>(entries: Entries): v.StrictObjectSchema<Entries, Message> {
  return v.strictObject(entries, ({ expected, received }) => {
    if (expected === "never") return `is not a setting; there are ${Object.keys(entries).join(", ")}`;
    return received === "undefined" ? "must be given" : "must be an object";
  });
}

type Message = v.ErrorMessage<v.StrictObjectIssue>;

const actorSettings = {
  parallelism: v.exactOptional(whole(1)),
  lease: v.exactOptional(duration(wholeMs(100))),
  retry: v.exactOptional(
    settings({
      maxAttempts: v.exactOptional(whole(1)),
      minDelay: v.exactOptional(duration(delay)),
      maxDelay: v.exactOptional(duration(delay)),
      factor: v.exactOptional(number(1)),
      jitter: v.exactOptional(number(0, 1)),
    }),
  ),
  failureLimit: v.exactOptional(
    settings({
      failures: whole(1),
      within: duration(time),
      action: oneOf("pause", "stop"),
      pause: v.exactOptional(duration(time)),
    }),
  ),
};

const overrides = v.record(text, settings({ enabled: v.exactOptional(flag), ...actorSettings }), "must be an object");

const queueName = v.pipe(
  text,
  v.check(isQueueName, "must be a name such as OrderAccepted, Topic-Subscription or Queue"),
);

const configSchema: v.GenericSchema<Config> = settings({
  provider: v.exactOptional(
    v.pipe(text, v.regex(/^[a-z][a-z\d+.-]*:/i, "must be a URL such as sqlite:./hive.db, azure: or aws:")),
  ),
  modules: v.exactOptional(texts),
  actors: v.exactOptional(texts),
  topology: v.exactOptional(oneOf("create", "check")),
  defaults: v.exactOptional(settings(actorSettings)),
  overrides: v.exactOptional(v.lazy((input) => (typeof input === "string" ? text : overrides))),
  journal: v.exactOptional(flag),
  health: v.exactOptional(settings({ port: v.exactOptional(whole(0, 65_535)), host: v.exactOptional(text) })),
  entries: v.exactOptional(v.array(queueName, "must be a list of texts")),
  logLevel: v.exactOptional(oneOf(...logLevels)),
  stopDeadline: v.exactOptional(number(0)),
});

/** What is wrong with what was read, each problem with its path; nothing when all is well. */
export function configProblems(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return ["it must be an object"];
  const { issues = [] } = v.safeParse(configSchema, value);
  return issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
}

function isQueueName(name: string): boolean {
  try {
    QueueName.parse(name);
    return true;
  } catch {
    return false;
  }
}
