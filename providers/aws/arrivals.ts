import { ReceiveMessageCommand, type Message, type SQSClient } from "@aws-sdk/client-sqs";
import type { Clock } from "../../src/clock.ts";
import { isBeeHiveError } from "../../src/errors.ts";
import type { QueueName } from "../../src/queue-name.ts";
import type { Addresses, QueueAddress } from "./addresses.ts";
import type { Pace } from "./batcher.ts";
import type { ClaimCheck } from "./claim-check.ts";
import { ask, receiveLimit } from "./client.ts";
import type { Inbox } from "./inbox.ts";
import { AwsLease, visibilitySeconds } from "./lease.ts";
import { eventFrom } from "./message.ts";
import type { FifoNotes, Note } from "./note.ts";
import type { Receipt } from "./receiver.ts";
import { receivedFrom, type Received } from "./received.ts";
import type { Settlement } from "./settlement.ts";

export interface ArrivalsParts {
  readonly sqs: SQSClient;
  readonly addresses: Addresses;
  readonly settlement: Settlement;
  readonly notes: FifoNotes;
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
      const { due } = await this.leases(name, queue, Messages, { leaseMs, handedOver: false });
      return { received: Messages.length, leases: due };
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) addresses.forget(queue.name);
      throw error;
    }
  }

  /** Leases on messages that were handed over: all that can be read, and of these what is to be worked on now. */
  async leases(
    queueName: QueueName,
    address: QueueAddress,
    messages: readonly Message[],
    options: LeaseOptions,
  ): Promise<{ readonly all: readonly AwsLease[]; readonly due: readonly AwsLease[] }> {
    const { clock, pace } = this.#parts;
    const now = clock.now();
    const read = await Promise.allSettled(
      messages.map((message) => this.#leaseOf(queueName, address, receivedFrom(message, now), options)),
    );
    // What could not be read to the end comes back when its visibility ends.
    const all = read.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const due = await this.#withoutHandled(queueName, await this.#withoutEarly(all));
    for (const lease of due) pace.begin(lease);
    return { all, due };
  }

  async #leaseOf(
    queueName: QueueName,
    address: QueueAddress,
    message: Received,
    { leaseMs, handedOver }: LeaseOptions,
  ): Promise<AwsLease> {
    const note = await this.#noteOf(address, message);
    const body = this.#parts.claims ? await this.#parts.claims.fetch(message.body) : message.body;
    const { messageId, receives, firstReceived, sentAt, groupId, receivedAt } = message;
    return new AwsLease({
      event: eventFrom(body, { id: note.id ?? messageId, queueName, sentAt, partitionKey: groupId }),
      queueName,
      attempt: Math.max(1, receives + (note.attempts ?? 0)),
      firstSeen: note.firstSeen ?? firstReceived,
      address,
      received: { ...message, note },
      expiresAt: receivedAt + leaseMs,
      handedOver,
    });
  }

  #noteOf({ fifo, name }: QueueAddress, { note, receives, messageId }: Received): Promise<Note> | Note {
    return fifo && receives > 1 ? this.#parts.notes.read(name, messageId) : note;
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

  /** Removes what `idempotent` knows to be done. */
  async #withoutHandled(queueName: QueueName, leases: readonly AwsLease[]): Promise<readonly AwsLease[]> {
    const { inbox, settlement } = this.#parts;
    if (!inbox) return leases;
    const handled = await inbox.handled(
      queueName,
      leases.map(({ event }) => event.id),
    );
    const done = leases.filter(({ event }) => handled.has(event.id));
    await Promise.allSettled(done.map((lease) => settlement.remove(lease)));
    return leases.filter((lease) => !done.includes(lease));
  }
}

/** When a message is to be worked on, in ms since the epoch. */
function dueAt({ received: { note }, event }: AwsLease): number {
  return note.notBefore ?? event.enqueueTime?.getTime() ?? 0;
}
