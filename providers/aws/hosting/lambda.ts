import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import { systemClock, withTimeLimit, type Clock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../../../src/base/logger.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { createHive, type Hive, type HiveOptions } from "../../../src/hive/hive.ts";
import { completed, configFrom, type AwsConfig, type AwsSettings } from "../config.ts";
import { AwsProvider, type AwsProviderOptions } from "../index.ts";
import type { AwsLease } from "../queues/lease.ts";
import { isFifo, lastPartOf, queueNameOf } from "../queues/names.ts";
import { recordsIn, remainingMsIn, type SqsEvent, type SqsRecord } from "./lambda-event.ts";

export type { SqsEvent, SqsRecord } from "./lambda-event.ts";

/** The messages that Lambda must not delete. */
export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

export interface SqsHandler {
  (event: SqsEvent, context: { getRemainingTimeInMillis(): number }): Promise<SqsBatchResponse>;
  /** Closes connections and timers, for tests. Lambda needs no such call. */
  close(): Promise<void>;
}

/** Options of a hive; `provider` is an `aws:` URL or the options of {@link AwsProvider}. */
export interface SqsHandlerOptions extends Omit<HiveOptions, "provider" | "pulsers" | "topology"> {
  readonly provider?: string | AwsProviderOptions;
}

/** Reserve of the function's time in which unfinished events are abandoned, in ms. */
const reserveMs = 1_000;

/**
 * Returns a Lambda function that runs actors on the messages of their queues.
 *
 * Delivery works as on a worker: the same middleware, injection, retries and dead letters. Lambda deletes the messages
 * of events that succeeded. An event to retry gets its delay as visibility and is reported as failed. One second before
 * the function's time ends, unfinished events are reported as failed too, and their signals abort. In a FIFO queue the
 * first failure ends the batch, and the rest is abandoned without counting an attempt. An actor that takes batches gets
 * those of Lambda, at most `size` events at a time.
 *
 * The event source mapping must have `FunctionResponseTypes: [ReportBatchItemFailures]`: without it Lambda deletes all
 * messages. The visibility timeout of the queue must be longer than the timeout of the function.
 *
 * The function throws `InvalidConfiguration` for calls without SQS messages, such as the console's test event, an HTTP
 * request, or a notification that S3, SNS or EventBridge sends directly. The error names the call and what to do.
 *
 * @example
 * export const handler = sqsHandler({ actors: [Payment], provider: "aws:?prefix=shop" });
 */
export function sqsHandler(options: SqsHandlerOptions): SqsHandler {
  let runner: Promise<Runner> | undefined;
  const handle = async (
    event: SqsEvent,
    context: { getRemainingTimeInMillis(): number },
  ): Promise<SqsBatchResponse> => {
    const records = recordsIn(event);
    const remainingMs = remainingMsIn(context);
    // Share a hive among all calls of this instance of the function.
    runner ??= Runner.make(options);
    runner.catch(() => (runner = undefined));
    return (await runner).handle(records, remainingMs);
  };
  return Object.assign(handle, { close: async () => (await runner)?.close() });
}

/** A queue that an actor of the function reads. */
interface ReadQueue {
  readonly name: QueueName;
  readonly parallelism: number;
  readonly inBatches: boolean;
}

class Runner {
  readonly #hive: Hive;
  readonly #provider: AwsProvider;
  readonly #queueNames: ReadonlyMap<string, ReadQueue>;
  readonly #clock: Clock;
  readonly #logger: Logger;

  private constructor(hive: Hive, provider: AwsProvider, { prefix }: AwsSettings, clock: Clock, logger: Logger) {
    this.#logger = logger;
    this.#hive = hive;
    this.#provider = provider;
    this.#clock = clock;
    this.#queueNames = new Map(
      hive.descriptors.map(({ queueName: name, ordered, parallelism, batch }) => [
        queueNameOf(prefix, name, ordered),
        { name, parallelism, inBatches: batch !== undefined },
      ]),
    );
  }

  static async make({ provider: given = "aws:", ...options }: SqsHandlerOptions): Promise<Runner> {
    const clock = options.clock ?? systemClock;
    const config = typeof given === "string" ? configFrom(given) : completed(configOf(given));
    const { logger = standardErrorLogger } = options;
    const provider = new AwsProvider({ ...(typeof given === "string" ? config : given), clock, logger });
    return new Runner(await createHive({ ...options, provider }), provider, config, clock, safeLogger(logger));
  }

  async close(): Promise<void> {
    await this.#hive.stop();
    await this.#provider.close();
  }

  async handle(records: readonly SqsRecord[], remainingMs: number): Promise<SqsBatchResponse> {
    const leaseMs = Math.max(0, remainingMs - reserveMs);
    const leases: AwsLease[] = [];
    const over = new AbortController();
    const work = async (): Promise<void> => {
      for (const [arn, some] of byQueue(records))
        if (!over.signal.aborted) await this.#work(arn, some, leaseMs, leases, over.signal);
    };
    // Leases end slightly later; nothing starts in between.
    await withTimeLimit(work(), this.#clock, leaseMs, () => over.abort());
    const removed = new Set(leases.filter((lease) => lease.removed).map(({ received }) => received.messageId));
    const failed = records.filter(({ messageId }) => !removed.has(messageId));
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  }

  /** Handles the messages of one queue, and adds their leases to `leases`. Starts nothing once the signal aborted. */
  async #work(
    arn: string,
    records: readonly SqsRecord[],
    leaseMs: number,
    leases: AwsLease[],
    over: AbortSignal,
  ): Promise<void> {
    const queue = this.#queueNames.get(lastPartOf(arn));
    if (!queue)
      throw new BeeHiveError(
        "InvalidConfiguration",
        `No actor of this function reads the queue ${arn}. Its actors read ` +
          `${[...this.#queueNames.keys()].join(", ")}. Check the prefix.`,
      );
    const address = await this.#provider.queues.addressOf(queue.name);
    const messages = records.map(messageOf);
    const { all, due, failure } = await this.#provider.queues.adopt(queue.name, address, messages, leaseMs);
    if (failure !== undefined) this.#logger.error({ err: failure, queue: address.name }, "events could not be read");
    leases.push(...all);
    if (queue.inBatches) await this.#inBatches(isFifo(address.name) ? beforeGap(all, due) : due, due);
    else if (isFifo(address.name)) await this.#inOrder(all, due, over);
    else await this.#inParallel(due, queue.parallelism, over);
  }

  /** Hands leases over as they came; abandons the others that are due without counting an attempt. */
  async #inBatches(leases: readonly AwsLease[], due: readonly AwsLease[]): Promise<void> {
    const rest = due.filter((lease) => !leases.includes(lease));
    await this.#hive.deliverBatch(leases);
    // A message that cannot be abandoned comes back when its visibility ends.
    const { queues } = this.#provider;
    await Promise.allSettled(rest.map((lease) => queues.abandon(lease, { delayMs: 0, countAttempt: false })));
  }

  async #inParallel(leases: readonly AwsLease[], parallelism: number, over: AbortSignal): Promise<void> {
    const rest = leases.values();
    const worker = async (): Promise<void> => {
      for (const lease of rest) if (!over.aborted && lease.isHeld(this.#clock.now())) await this.#hive.deliver(lease);
    };
    await Promise.all(Array.from({ length: Math.min(parallelism, leases.length) }, worker));
  }

  /** Handles leases in order until one stays in the queue; abandons the rest without counting an attempt. */
  async #inOrder(all: readonly AwsLease[], due: readonly AwsLease[], over: AbortSignal): Promise<void> {
    let stopped = false;
    for (const lease of all) {
      if (!due.includes(lease)) stopped ||= !lease.removed;
      else if (over.aborted || !lease.isHeld(this.#clock.now())) return;
      // A message that cannot be abandoned comes back when its visibility ends.
      else if (stopped) await this.#provider.queues.abandon(lease, { delayMs: 0, countAttempt: false }).catch(() => {});
      else {
        await this.#hive.deliver(lease);
        stopped = !lease.removed;
      }
    }
  }
}

/** Returns the due leases of a FIFO queue before the first that stays in it. */
function beforeGap(all: readonly AwsLease[], due: readonly AwsLease[]): readonly AwsLease[] {
  const gap = all.findIndex((lease) => !due.includes(lease) && !lease.removed);
  return gap < 0 ? due : all.slice(0, gap).filter((lease) => due.includes(lease));
}

function configOf({ clients: _, clock: __, logger: ___, ...config }: AwsProviderOptions): Partial<AwsConfig> {
  return config;
}

function byQueue(records: readonly SqsRecord[]): Map<string, SqsRecord[]> {
  const queues = new Map<string, SqsRecord[]>();
  for (const record of records) {
    const some = queues.get(record.eventSourceARN);
    if (some) some.push(record);
    else queues.set(record.eventSourceARN, [record]);
  }
  return queues;
}

/** Returns a record as a message of the SDK, whose fields start with capitals. */
function messageOf({ messageId, receiptHandle, body, attributes, messageAttributes }: SqsRecord): Message {
  return {
    MessageId: messageId,
    ReceiptHandle: receiptHandle,
    Body: body,
    Attributes: { ...attributes },
    MessageAttributes: Object.fromEntries(
      Object.entries(messageAttributes ?? {}).map(
        ([name, { dataType, stringValue, binaryValue }]): [string, MessageAttributeValue] => [
          name,
          {
            DataType: dataType,
            ...(stringValue !== undefined && { StringValue: stringValue }),
            ...(binaryValue !== undefined && { BinaryValue: Buffer.from(binaryValue, "base64") }),
          },
        ],
      ),
    ),
  };
}
