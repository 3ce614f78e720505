import * as v from "valibot";
import type { ActorOverride, ActorOverrides } from "../actors/overrides.ts";
import { inMs } from "../base/duration.ts";
import { QueueName } from "../events/queue-name.ts";
import type { Topology } from "../hive/orchestrator.ts";

/** The content of `beehive.config.*`, with lengths of time in ms. docs/cli.md has a table of it. */
export interface Config {
  /** The URL of the provider. */
  readonly provider?: string;
  /** Paths of modules, relative to the file that names them. */
  readonly modules?: readonly string[];
  /** The actors to run, by class or subscription. @default all actors of the modules */
  readonly actors?: readonly string[];
  /** The path of a stage file. */
  readonly stages?: string;
  /** The stages to run, or `auto`. @default all actors of the modules */
  readonly stage?: readonly string[];
  readonly topology?: Topology;
  readonly defaults?: Pick<ActorOverride, "parallelism" | "lease" | "retry" | "failureLimit">;
  /** Settings by actor or subscription, or the path of a file that holds them. */
  readonly overrides?: ActorOverrides | string;
  readonly journal?: boolean;
  readonly health?: { readonly port?: number; readonly host?: string };
  /** The providers of `beehive relay`. */
  readonly relay?: { readonly from?: string; readonly to?: string };
  /** The path of a module that exports the codec of the hives as `codec`. */
  readonly codec?: string;
  /** Topics and queues that other systems publish to. */
  readonly entries?: readonly string[];
  readonly logLevel?: (typeof logLevels)[number];
  /** How long actors may finish when the worker stops. */
  readonly stopDeadline?: number;
}

const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

const text = v.pipe(v.string("must be a text"), v.nonEmpty("must not be empty"));
const texts = v.array(text, "must be a list of texts");
const flag = v.boolean("must be true or false");
const whole = (min: number, max: number = Number.MAX_SAFE_INTEGER): v.GenericSchema<number> =>
  v.pipe(
    v.number("must be a number"),
    v.integer("must be a whole number"),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );
const number = (min: number, max: number = Number.MAX_VALUE): v.GenericSchema<number> =>
  v.pipe(
    v.number("must be a number"),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );
/** A `Duration`, read as ms. */
const duration = (min: number): v.GenericSchema<unknown, number> =>
  v.pipe(
    v.unknown(),
    v.transform(inMs),
    v.number('must be a number of ms or a text such as "30s", "5m" or "7d"'),
    v.minValue(min, `must be at least ${min} ms`),
  );
const oneOf = <const T extends readonly string[]>(...names: T): v.GenericSchema<T[number]> =>
  v.picklist(names, `must be ${names.join(" or ")}`);

/** An object with these settings only. */
function settings<const Entries extends v.ObjectEntries>(entries: Entries): v.StrictObjectSchema<Entries, Message> {
  return v.strictObject(entries, ({ expected, received }) => {
    if (expected === "never") return `is not a setting; there are ${Object.keys(entries).join(", ")}`;
    return received === "undefined" ? "must be given" : "must be an object";
  });
}

type Message = v.ErrorMessage<v.StrictObjectIssue>;

const actorSettings = {
  parallelism: v.exactOptional(
    v.union([whole(1), settings({ min: whole(1), max: whole(1) })], "must be a whole number from 1, or { min, max }"),
  ),
  lease: v.exactOptional(duration(100)),
  retry: v.exactOptional(
    settings({
      maxAttempts: v.exactOptional(whole(1)),
      minDelay: v.exactOptional(duration(0)),
      maxDelay: v.exactOptional(duration(0)),
      factor: v.exactOptional(number(1)),
      jitter: v.exactOptional(number(0, 1)),
    }),
  ),
  failureLimit: v.exactOptional(
    settings({
      failures: whole(1),
      within: duration(1),
      action: oneOf("pause", "stop"),
      pause: v.exactOptional(duration(1)),
    }),
  ),
};

const overrides = v.record(text, settings({ enabled: v.exactOptional(flag), ...actorSettings }), "must be an object");

const queueName = v.pipe(
  text,
  v.check(isQueueName, "must be a name such as OrderAccepted, Topic-Subscription or Queue"),
);

const providerUrl = v.pipe(
  text,
  v.regex(/^[a-z][a-z\d+.-]*:/i, "must be a URL such as sqlite:./hive.db, postgres://host/database, azure: or aws:"),
);

const configSchema: v.GenericSchema<unknown, Config> = settings({
  provider: v.exactOptional(providerUrl),
  modules: v.exactOptional(texts),
  actors: v.exactOptional(texts),
  stages: v.exactOptional(text),
  stage: v.exactOptional(texts),
  topology: v.exactOptional(oneOf("create", "check")),
  defaults: v.exactOptional(settings(actorSettings)),
  overrides: v.exactOptional(v.lazy((input) => (typeof input === "string" ? text : overrides))),
  journal: v.exactOptional(flag),
  health: v.exactOptional(settings({ port: v.exactOptional(whole(0, 65_535)), host: v.exactOptional(text) })),
  relay: v.exactOptional(settings({ from: v.exactOptional(providerUrl), to: v.exactOptional(providerUrl) })),
  codec: v.exactOptional(text),
  entries: v.exactOptional(v.array(queueName, "must be a list of texts")),
  logLevel: v.exactOptional(oneOf(...logLevels)),
  stopDeadline: v.exactOptional(duration(0)),
});

/** Returns the problems of a configuration, each with its path; empty when it is valid. */
export function configProblems(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return ["it must be an object"];
  const { issues = [] } = v.safeParse(configSchema, withoutSchema(value));
  return issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
}

/** Returns a configuration without problems, its lengths of time in ms. */
export function parsedConfig(value: unknown): Config {
  return v.parse(configSchema, withoutSchema(value));
}

/** Returns a configuration without the name of schemas/config.json, which is for editors. */
function withoutSchema(value: unknown): object {
  const { $schema: _, ...config } = Object(value) as Readonly<Record<string, unknown>>;
  return config;
}

function isQueueName(name: string): boolean {
  try {
    QueueName.parse(name);
    return true;
  } catch {
    return false;
  }
}
