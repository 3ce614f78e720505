import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import { systemClock, type Clock, type Timer } from "../../../src/base/clock.ts";
import { createHive, type Hive, type HiveOptions } from "../../../src/hive/hive.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../../../src/base/logger.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { completed, configFrom, type AwsConfig, type AwsSettings } from "../config.ts";
import { AwsProvider, type AwsProviderOptions } from "../index.ts";
import { recordsIn, remainingMsIn, type SqsEvent, type SqsRecord } from "./lambda-event.ts";
import type { AwsLease } from "../queues/lease.ts";
import { isFifo, lastPartOf, queueNameOf } from "../queues/names.ts";

export type { SqsEvent, SqsRecord } from "./lambda-event.ts";

/** Which messages Lambda is not to remove. */
export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

export interface SqsHandler {
  (event: SqsEvent, context: { getRemainingTimeInMillis(): number }): Promise<SqsBatchResponse>;
  /** Lets go of connections and timers: for tests. Lambda freezes them, and needs nothing of the kind. */
  close(): Promise<void>;
}

/** As for a hive; `provider` is an `aws:` URL or what {@link AwsProvider} is made from. */
export interface SqsHandlerOptions extends Omit<HiveOptions, "provider" | "pulsers" | "topology"> {
  readonly provider?: string | AwsProviderOptions;
}

/** Kept of the time that Lambda gives, to give back what is not finished, in ms. */
const reserveMs = 1_000;

/**
 * Actors as a Lambda function on their queues:
 *
 *     export const handler = sqsHandler({ actors: [Payment], provider: "aws:?prefix=shop" });
 *
 * Delivery is as on a worker: the same middleware, injection, retries and dead letters. Lambda removes what
 * succeeded; what is to be tried again gets its delay as visibility and is reported as failed. What is not finished
 * a second before the function's time is over is reported as failed too, and its signal aborts. In a FIFO queue the
 * first failure ends the batch, and the rest goes back uncounted.
 *
 * The event source mapping must have `FunctionResponseTypes: [ReportBatchItemFailures]`: without it Lambda removes
 * everything. The visibility timeout of the queue must be longer than the timeout of the function.
 *
 * The function throws `InvalidConfiguration` when it is called with anything but messages of SQS, such as the console's
 * test event, a request over HTTP, or a notification that S3, SNS or EventBridge sends to it directly; the error names
 * what came and what to do.
 */
export function sqsHandler(options: SqsHandlerOptions): SqsHandler {
  let runner: Promise<Runner> | undefined;
  const handle = async (
    event: SqsEvent,
    context: { getRemainingTimeInMillis(): number },
  ): Promise<SqsBatchResponse> => {
    const records = recordsIn(event);
    const remainingMs = remainingMsIn(context);
    // One hive for all invocations of this instance of the function.
    runner ??= Runner.make(options);
    runner.catch(() => (runner = undefined));
    return (await runner).handle(records, remainingMs);
  };
  return Object.assign(handle, { close: async () => (await runner)?.close() });
}

class Runner {
  readonly #hive: Hive;
  readonly #provider: AwsProvider;
  readonly #queueNames: ReadonlyMap<string, { readonly name: QueueName; readonly parallelism: number }>;
  readonly #clock: Clock;
  readonly #logger: Logger;

  private constructor(hive: Hive, provider: AwsProvider, { prefix }: AwsSettings, clock: Clock, logger: Logger) {
    this.#logger = logger;
    this.#hive = hive;
    this.#provider = provider;
    this.#clock = clock;
    this.#queueNames = new Map(
      hive.descriptors.map(({ queueName: name, ordered, parallelism }) => [
        queueNameOf(prefix, name, ordered),
        { name, parallelism },
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
    const passed = new Deadline(this.#clock, leaseMs);
    const removed = new Set<string>();
    try {
      for (const [arn, some] of byQueue(records)) {
        const leases = await this.#work(arn, some, leaseMs, passed);
        for (const lease of leases) if (lease.removed) removed.add(lease.received.messageId);
      }
    } finally {
      passed.cancel();
    }
    const failed = records.filter(({ messageId }) => !removed.has(messageId));
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  }

  /** All leases on the messages of one queue, after what could be done in time is done. */
  async #work(
    arn: string,
    records: readonly SqsRecord[],
    leaseMs: number,
    passed: Deadline,
  ): Promise<readonly AwsLease[]> {
    const queue = this.#queueNames.get(lastPartOf(arn));
    if (!queue)
      throw new BeeHiveError(
        "InvalidConfiguration",
        `No actor of this function reads the queue ${arn}. Its actors read ${[...this.#queueNames.keys()].join(", ")}: is the prefix right?`,
      );
    const address = await this.#provider.queues.addressOf(queue.name);
    const messages = records.map(messageOf);
    const { all, due, failure } = await this.#provider.queues.handedOver(queue.name, address, messages, leaseMs);
    if (failure !== undefined) this.#logger.error({ err: failure, queue: address.name }, "events could not be read");
    const working = isFifo(address.name)
      ? this.#inOrder(all, due, passed)
      : this.#together(due, queue.parallelism, passed);
    await Promise.race([working, passed.promise]);
    return all;
  }

  async #together(leases: readonly AwsLease[], parallelism: number, passed: Deadline): Promise<void> {
    const rest = leases.values();
    const worker = async (): Promise<void> => {
      for (const lease of rest) if (!passed.over && lease.isHeld(this.#clock.now())) await this.#hive.deliver(lease);
    };
    await Promise.all(Array.from({ length: Math.min(parallelism, leases.length) }, worker));
  }

  /** One after the other until one stays in the queue; what is behind it goes back without having been tried. */
  async #inOrder(all: readonly AwsLease[], due: readonly AwsLease[], passed: Deadline): Promise<void> {
    let stopped = false;
    for (const lease of all) {
      if (!due.includes(lease)) stopped ||= !lease.removed;
      else if (passed.over || !lease.isHeld(this.#clock.now())) return;
      // One that cannot be given back comes back when its visibility ends.
      else if (stopped) await this.#provider.queues.abandon(lease, { delayMs: 0, countAttempt: false }).catch(() => {});
      else {
        await this.#hive.deliver(lease);
        stopped = !lease.removed;
      }
    }
  }
}

/** The moment from which nothing more is waited for. */
class Deadline {
  readonly promise: Promise<void>;
  /** Whether it has come: leases end a little later, and nothing is begun in between. */
  over = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, ms: number) {
    this.promise = new Promise((resolve) => {
      this.#timer = clock.after(ms, () => {
        this.over = true;
        resolve();
      });
    });
  }

  cancel(): void {
    this.#timer?.cancel();
  }
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

/** Lambda writes the fields of a message in lower case. */
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
