import { retryInMs, retryProblems, type RetryOptions, type RetryPolicy } from "../../actors/retry-policy.ts";
import { durationProblems, type Duration } from "../../base/duration.ts";
import type { Logger } from "../../base/logger.ts";
import { numberProblems, time, wholeMs, wholeNumber } from "../../base/numbers.ts";
import { objectProblems } from "../../base/problems.ts";
import type { Codec } from "../../contract/codec.ts";
import type { Hive } from "../../hive/hive.ts";
import type { Ack } from "./handler.ts";
import { ackProblems, handlerProblems, type IngestSource } from "./registry.ts";

/** A sender of requests. Returned by {@link AuthorizeClient}. */
export interface Client {
  /** The name for limits, logs and handlers. */
  readonly name: string;
}

/**
 * Returns the sender of a request, or nothing for a stranger. It may also return a response of its own.
 *
 * @param from The second argument of `fetch`: for `nodeListener` and `serve` the request of Node.
 */
export type AuthorizeClient = (
  request: Request,
  from: unknown,
) => Client | Response | undefined | Promise<Client | Response | undefined>;

/** A limit of the requests of each client, in this process. */
export interface RequestRate {
  /** Requests at once, and within each `per` after that. */
  readonly limit: number;
  /** @default "1s" */
  readonly per?: Duration | undefined;
}

/** The options of {@link ingestion}. */
export interface IngestionOptions {
  /** The handlers by name, see {@link IngestSource}. */
  readonly handlers: Readonly<Record<string, IngestSource>>;
  /** Decides who may send. There is no default: an ingestion without it would be open to everybody. */
  readonly authorize: AuthorizeClient;
  /**
   * The time of the answer.
   *
   * - `none`: before the events are published; they may be lost, which is logged.
   * - `accepted`: when they are published.
   * - `processed`: when all that followed from them is done, or `processedTimeout` is over. Needs a journal.
   *
   * A client chooses by `?ack=`.
   *
   * @default "accepted"
   */
  readonly ack?: Ack | undefined;
  /** The longest wait of `ack: "processed"`. @default "10s" */
  readonly processedTimeout?: Duration | undefined;
  /** How long answers are kept for their `Idempotency-Key`. @default "24h" */
  readonly idempotency?: Duration | undefined;
  /** The size of a body, as sent and decompressed, in bytes. @default 1_048_576 */
  readonly maxBody?: number | undefined;
  /** The values of an array, of lines or of a batch. @default 10_000 */
  readonly maxItems?: number | undefined;
  /** The longest time of a client to send a body. @default "10s" */
  readonly bodyTimeout?: Duration | undefined;
  /** Requests under way in this process; others get 503. @default 100 */
  readonly maxConcurrent?: number | undefined;
  /** @default No limit. */
  readonly rate?: RequestRate | undefined;
  /** The longest time of each method of a handler. @default "10s" */
  readonly timeout?: Duration | undefined;
  /**
   * The restarts of a handler that fails: waits that grow, and a stop after `maxAttempts` failures in a row.
   *
   * @default 10 attempts, from 1 s to 1 min
   */
  readonly restart?: RetryOptions | undefined;
  /**
   * Decodes bodies in a format such as Avro: CloudEvents in binary, and bodies at the path of an event type.
   *
   * @default None.
   * @example
   * codec: schemaCodec({ registry: schemaFolder("schemas"), formats: [avro()] })
   */
  readonly codec?: Codec | undefined;
  /** Origins of other sites whose pages may send, such as `https://shop.example`. @default None. */
  readonly origins?: readonly string[] | undefined;
  /** Takes failures. @default Standard error. */
  readonly logger?: Logger | undefined;
}

const names: Readonly<Record<keyof IngestionOptions, true>> = {
  handlers: true,
  authorize: true,
  ack: true,
  processedTimeout: true,
  idempotency: true,
  maxBody: true,
  maxItems: true,
  bodyTimeout: true,
  maxConcurrent: true,
  rate: true,
  timeout: true,
  restart: true,
  codec: true,
  origins: true,
  logger: true,
};

/** The defaults of restarts. */
export const defaultRestart: RetryPolicy = {
  maxAttempts: 10,
  minDelay: 1_000,
  maxDelay: 60_000,
  factor: 2,
  jitter: 0.2,
};

/** Returns what is wrong with the options, in words. */
export function ingestionProblems(options: unknown, { journal }: Pick<Hive, "journal">): string[] {
  const problems = objectProblems("ingestion's options", options);
  if (problems.length > 0) return problems;
  const given = options as Partial<IngestionOptions>;
  const { handlers, authorize, ack = "accepted", codec, rate, restart = {}, origins = [] } = given;
  const { maxBody = 1, maxItems = 1, maxConcurrent = 1, idempotency = "24h" } = given;
  const { processedTimeout = "1s", bodyTimeout = "1s", timeout = "1s" } = given;
  return [
    ...Object.keys(given)
      .filter((name) => !Object.hasOwn(names, name))
      .map((name) => `"${name}" is no option of ingestion; there are ${Object.keys(names).join(", ")}`),
    ...(typeof authorize === "function"
      ? []
      : ["ingestion needs authorize, a function that returns who sends a request, such as { name }"]),
    ...objectProblems("handlers", handlers),
    ...Object.entries(handlers ?? {}).flatMap(([name, source]) => handlerProblems(name, source)),
    ...ackProblems("ack", ack),
    ...(ack === "processed" && !journal ? [`ack: "processed" needs a journal: createHive({ journal: true })`] : []),
    ...Object.entries({ processedTimeout, bodyTimeout, timeout }).flatMap(([name, value]) =>
      durationProblems(name, value, time),
    ),
    ...durationProblems("idempotency", idempotency, wholeMs(60_000)),
    ...Object.entries({ maxBody, maxItems, maxConcurrent }).flatMap(([name, value]) =>
      numberProblems(name, value, wholeNumber(1)),
    ),
    ...(codec === undefined || typeof codec?.decode === "function" ? [] : ["codec must have the method decode"]),
    ...rateProblems(rate),
    ...retryProblems({ ...defaultRestart, ...retryInMs(restart) }),
    ...(Array.isArray(origins) && origins.every(isOrigin)
      ? []
      : ["origins must be a list of origins, such as https://shop.example"]),
  ];
}

function rateProblems(rate: RequestRate | undefined): string[] {
  if (rate === undefined) return [];
  const problems = objectProblems("rate", rate);
  if (problems.length > 0) return problems;
  const { limit, per = "1s" } = rate;
  return [...numberProblems("rate.limit", limit, wholeNumber(1)), ...durationProblems("rate.per", per, time)];
}

function isOrigin(text: unknown): boolean {
  return typeof text === "string" && URL.canParse(text) && new URL(text).origin === text;
}
