import { ReceiveMessageCommand, type Message, type SQSClient } from "@aws-sdk/client-sqs";
import type { Clock } from "../../src/clock.ts";
import { isBeeHiveError, type BeeHiveError } from "../../src/errors.ts";
import type { QueueName } from "../../src/queue-name.ts";
import type { Addresses, QueueAddress } from "./addresses.ts";
import type { Pace } from "./batcher.ts";
import { isGone, type ClaimCheck } from "./claim-check.ts";
import { ask, receiveLimit } from "./client.ts";
import { translate } from "./errors.ts";
import type { Inbox } from "./inbox.ts";
import { AwsLease, visibilitySeconds } from "./lease.ts";
import { eventFrom } from "./message.ts";
import type { Note } from "./note.ts";
import type { Receipt } from "./receiver.ts";
import { receivedFrom, type Received } from "./received.ts";
import type { Settlement } from "./settlement.ts";
import type { Unread } from "./unread.ts";

export interface ArrivalsParts {
  readonly sqs: SQSClient;
  readonly addresses: Addresses;
  readonly settlement: Settlement;
  readonly unread: Unread;
  readonly inbox: Inbox | undefined;
  readonly claims: ClaimCheck | undefined;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly requestTimeoutMs: number;
}

interface LeaseOptions {
  readonly leaseMs: number;
  /** Whether Lambda handed the messages over. */
  readonly handedOver: boolean;
}

/** What became of messages that were handed over. */
export interface Arrived {
  readonly all: readonly AwsLease[];
  /** Of these what is to be worked on now. */
  readonly due: readonly AwsLease[];
  /** Why some could not be read; these go back. */
  readonly failure: BeeHiveError | undefined;
}

/** Makes leases of messages. */
export class Arrivals {
  readonly #parts: ArrivalsParts;

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  /** One request: up to `max` messages, waited for up to `waitSeconds`. */
  async receive(
    name: QueueName,
    queue: QueueAddress,
    max: number,
    leaseMs: number,
    waitSeconds: number,
  ): Promise<Receipt> {
    const request = new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages: max,
      VisibilityTimeout: visibilitySeconds(leaseMs),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: [
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SentTimestamp",
        "MessageGroupId",
      ],
      MessageAttributeNames: ["All"],
    });
    const { sqs, requestTimeoutMs, addresses } = this.#parts;
    const limit = receiveLimit(waitSeconds, requestTimeoutMs);
    try {
      const { Messages = [] } = await ask("sqs:ReceiveMessage", queue.name, sqs.send(request, limit));
      const { due, failure } = await this.leases(name, queue, Messages, { leaseMs, handedOver: false });
      return { received: Messages.length, leases: due, failure };
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) addresses.forget(queue.name);
      throw error;
    }
  }

  /** Leases on messages that were handed over. */
  async leases(
    queueName: QueueName,
    address: QueueAddress,
    messages: readonly Message[],
    options: LeaseOptions,
  ): Promise<Arrived> {
    const { clock, pace } = this.#parts;
    const now = clock.now();
    const all = await Promise.all(
      messages.map((message) => this.#leaseOf(queueName, address, receivedFrom(message, now), options)),
    );
    const read = all.filter(({ failure }) => failure === undefined).map(({ lease }) => lease);
    const { due, failure } = await this.#withoutHandled(queueName, await this.#withoutEarly(read));
    // What was gone before it was read counts, so that in the end SQS moves it to the dead letters.
    const unread = all.filter((one) => one.failure !== undefined && !isGone(one.failure)).map(({ lease }) => lease);
    await this.#giveBack(unread);
    for (const lease of due) pace.begin(lease);
    const failed = all.find((one) => one.failure !== undefined);
    return { all: all.map(({ lease }) => lease), due, failure: failed?.failure ?? failure };
  }

  /** The lease on a message; of one that cannot be read, as it came. */
  async #leaseOf(
    queueName: QueueName,
    address: QueueAddress,
    message: Received,
    { leaseMs, handedOver }: LeaseOptions,
  ): Promise<{ readonly lease: AwsLease; readonly failure?: BeeHiveError }> {
    const leaseWith = (note: Note, body: string): AwsLease => {
      const { messageId, receives, firstReceived, sentAt, groupId, receivedAt } = message;
      return new AwsLease({
        event: eventFrom(body, { id: note.id ?? messageId, queueName, sentAt, partitionKey: groupId }),
        queueName,
        attempt: Math.max(1, receives + (note.attempts ?? 0)),
        // SQS says it by a clock of its own: at the first receive ours, with which it will be compared, counts.
        firstSeen: note.firstSeen ?? (receives > 1 ? firstReceived : receivedAt),
        address,
        received: { ...message, note },
        expiresAt: receivedAt + leaseMs,
        handedOver,
      });
    };
    const { claims } = this.#parts;
    try {
      const note = await this.#noteOf(address, message);
      return { lease: leaseWith(note, claims ? await claims.fetch(message.body) : message.body) };
    } catch (error) {
      const failure = translate(error, { action: "sqs:ReceiveMessage", resource: address.name });
      return { lease: leaseWith(message.note, message.body), failure };
    }
  }

  #noteOf({ fifo, name }: QueueAddress, { note, receives, messageId }: Received): Promise<Note> | Note {
    return fifo && receives > 1 ? this.#parts.unread.noteOf(name, messageId) : note;
  }

  /** What cannot be given back comes back when its visibility ends. */
  async #giveBack(leases: readonly AwsLease[]): Promise<void> {
    const { clock, unread } = this.#parts;
    await Promise.allSettled(leases.map((lease) => unread.giveBack(lease, clock.now())));
  }

  /** Puts off what was received before its time: SNS knows no delay, and SQS none of more than 15 minutes. */
  async #withoutEarly(leases: readonly AwsLease[]): Promise<readonly AwsLease[]> {
    const { clock, settlement } = this.#parts;
    const now = clock.now();
    const early = leases.filter((lease) => dueAt(lease) > now);
    // What cannot be put off comes back when its visibility ends.
    await Promise.allSettled(
      early.map((lease) =>
        settlement.putOff(lease, dueAt(lease), { firstSeen: undefined, attempts: lease.attempt - 1 }),
      ),
    );
    return leases.filter((lease) => !early.includes(lease));
  }

  /** Removes what `idempotent` knows to be done. What it cannot tell now goes back. */
  async #withoutHandled(
    queueName: QueueName,
    leases: readonly AwsLease[],
  ): Promise<{ readonly due: readonly AwsLease[]; readonly failure?: BeeHiveError }> {
    const { inbox, settlement } = this.#parts;
    if (!inbox) return { due: leases };
    const ids = leases.map(({ event }) => event.id);
    try {
      const handled = await inbox.handled(queueName, ids);
      const done = leases.filter(({ event }) => handled.has(event.id));
      await Promise.allSettled(done.map((lease) => settlement.remove(lease)));
      return { due: leases.filter((lease) => !done.includes(lease)) };
    } catch (error) {
      await this.#giveBack(leases);
      return { due: [], failure: translate(error, { action: "dynamodb:BatchGetItem", resource: String(queueName) }) };
    }
  }
}

/** When a message is to be worked on, in ms since the epoch. */
function dueAt({ received: { note }, event }: AwsLease): number {
  return note.notBefore ?? event.enqueueTime?.getTime() ?? 0;
}
