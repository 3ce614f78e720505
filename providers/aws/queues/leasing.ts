import { ReceiveMessageCommand, type Message, type SQSClient } from "@aws-sdk/client-sqs";
import type { Clock } from "../../../src/base/clock.ts";
import { isBeeHiveError, type BeeHiveError } from "../../../src/base/errors.ts";
import type { Logger } from "../../../src/base/logger.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { isArchive } from "../../../src/provider-kit/archive/index.ts";
import type { CancelRegistry } from "../../../src/provider-kit/cancel-registry.ts";
import { ask, receiveLimit } from "../client.ts";
import { isRefusal, translate } from "../errors.ts";
import type { Addresses, QueueAddress } from "./addresses.ts";
import { isGone, type ClaimCheck } from "./claim-check.ts";
import { eventInDeadLetter } from "./dead-letter-message.ts";
import type { Inbox } from "./inbox.ts";
import { AwsLease, visibilitySeconds } from "./lease.ts";
import type { Load } from "./load.ts";
import { eventOf } from "./message.ts";
import { isNotice, logNotice } from "./notices.ts";
import type { Publisher } from "./publisher.ts";
import { receivedFrom, type Received } from "./received.ts";
import type { Receipt } from "./receiver.ts";
import type { RedeliveryState } from "./redelivery-state.ts";
import type { Settlement } from "./settlement.ts";
import type { UnreadableMessages } from "./unreadable-messages.ts";

export interface LeasingParts {
  readonly sqs: SQSClient;
  readonly addresses: Addresses;
  readonly settlement: Settlement;
  readonly unreadable: UnreadableMessages;
  readonly inbox: Inbox | undefined;
  readonly cancels: CancelRegistry;
  readonly claims: ClaimCheck | undefined;
  readonly publisher: Pick<Publisher, "sendTo">;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly load: Load;
  readonly requestTimeoutMs: number;
}

interface LeaseOptions {
  readonly leaseMs: number;
  /** True for messages that Lambda handed over. */
  readonly handedOver: boolean;
}

/** The lease of a message, and the failure when the message could not be read. */
interface Read {
  readonly lease: AwsLease;
  readonly failure?: BeeHiveError;
  /** True for a dead letter that a tool of AWS moved back unchanged. */
  readonly isDeadLetter?: boolean;
}

/** The leases of received messages. */
export interface LeasedMessages {
  readonly all: readonly AwsLease[];
  /** The leases to work on now. */
  readonly due: readonly AwsLease[];
  /** The failure of messages that could not be read; these are abandoned. */
  readonly failure: BeeHiveError | undefined;
}

/** Receives messages and makes leases of them. */
export class Leasing {
  readonly #parts: LeasingParts;

  constructor(parts: LeasingParts) {
    this.#parts = parts;
  }

  /** Sends one receive for up to `max` messages, which waits up to `waitSeconds`. */
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
      const { due, failure } = await this.leaseMessages(name, queue, Messages, { leaseMs, handedOver: false });
      return { received: Messages.length, leases: due, failure };
    } catch (error) {
      if (isBeeHiveError(error, "QueueNotFound")) addresses.forget(queue.name);
      throw error;
    }
  }

  /** Makes leases of messages, and settles those that no actor has to handle now. */
  async leaseMessages(
    queueName: QueueName,
    address: QueueAddress,
    messages: readonly Message[],
    options: LeaseOptions,
  ): Promise<LeasedMessages> {
    const { clock, load } = this.#parts;
    const now = clock.now();
    const all = await Promise.all(
      messages.map((message) => this.#leaseOf(queueName, address, receivedFrom(message, now), options)),
    );
    const read = all.filter(({ failure }) => failure === undefined);
    const events = await this.#withoutNotices(await this.#withoutMovedDeadLetters(read));
    const unhandled = await this.#withoutHandled(queueName, await this.#withoutEarly(events));
    const { due, failure = unhandled.failure } = await this.#withoutCancelled(unhandled.due);
    await this.#abandon(all.filter((one) => one.failure && !isFinal(one.failure)).map(({ lease }) => lease));
    // Events that are archived make nobody wait: they add no requests.
    if (!isArchive(queueName)) for (const lease of due) load.begin(lease);
    const failed = all.find((one) => one.failure !== undefined);
    return { all: all.map(({ lease }) => lease), due, failure: failed?.failure ?? failure };
  }

  /** Makes the lease of a message. A message that cannot be read keeps its body as it came. */
  async #leaseOf(
    queueName: QueueName,
    address: QueueAddress,
    message: Received,
    { leaseMs, handedOver }: LeaseOptions,
  ): Promise<Read> {
    const leaseWith = (redelivery: RedeliveryState, body: string): AwsLease => {
      const { messageId, receives, firstReceived, sentAt, groupId, receivedAt, attributes } = message;
      return new AwsLease({
        event: eventOf(body, {
          id: redelivery.id ?? messageId,
          queueName,
          sentAt,
          partitionKey: groupId,
          attributes,
        }),
        queueName,
        attempt: Math.max(1, receives + (redelivery.attempts ?? 0)),
        // SQS uses its own clock. The first delivery takes ours instead, because it is compared with our clock later.
        firstSeen: redelivery.firstSeen ?? (receives > 1 ? firstReceived : receivedAt),
        address,
        // The state of a FIFO queue is apart from the message, which keeps its place in the log.
        received: { ...message, redelivery: { ...redelivery, origin: message.redelivery.origin } },
        expiresAt: receivedAt + leaseMs,
        handedOver,
      });
    };
    const { claims } = this.#parts;
    try {
      const redelivery = await this.#redeliveryOf(address, message);
      const body = claims ? await claims.fetch(message.body) : message.body;
      const event = eventInDeadLetter(body);
      return { lease: leaseWith(redelivery, event ?? body), isDeadLetter: event !== undefined };
    } catch (error) {
      const failure = translate(error, { action: "sqs:ReceiveMessage", resource: address.name });
      return { lease: leaseWith(message.redelivery, message.body), failure };
    }
  }

  #redeliveryOf(
    { fifo, name }: QueueAddress,
    { redelivery, receives, messageId }: Received,
  ): Promise<RedeliveryState> | RedeliveryState {
    return fifo && receives > 1 ? this.#parts.unreadable.redeliveryOf(name, messageId) : redelivery;
  }

  /** Abandons leases. A failure is ignored: the message comes back when its visibility ends. */
  async #abandon(leases: readonly AwsLease[]): Promise<void> {
    const { clock, unreadable } = this.#parts;
    await Promise.allSettled(leases.map((lease) => unreadable.abandon(lease, clock.now())));
  }

  /**
   * Sends dead letters that were moved back to an ordered queue once more. Each is in a group of its own, not in the
   * group of its key. In other queues they are handled in place.
   */
  async #withoutMovedDeadLetters(read: readonly Read[]): Promise<readonly AwsLease[]> {
    const { publisher, settlement } = this.#parts;
    const moved = read.filter(({ lease, isDeadLetter }) => isDeadLetter && lease.address.fifo);
    // A message that cannot be sent comes back when its visibility ends.
    await Promise.allSettled(
      moved.map(async ({ lease }) => {
        await publisher.sendTo(lease.address, lease.event, lease.received.messageId);
        await settlement.deleteMessage(lease);
      }),
    );
    return read.filter((one) => !moved.includes(one)).map(({ lease }) => lease);
  }

  /** Deletes and logs messages that AWS sends for itself. */
  async #withoutNotices(leases: readonly AwsLease[]): Promise<readonly AwsLease[]> {
    const { settlement, logger } = this.#parts;
    const notices = leases.filter(({ event }) => isNotice(event));
    for (const { event } of notices) logNotice(event, logger);
    await Promise.allSettled(notices.map((lease) => settlement.deleteMessage(lease)));
    return leases.filter((lease) => !notices.includes(lease));
  }

  /** Delays events received before they are due. SNS has no delay, and SQS none of more than 15 minutes. */
  async #withoutEarly(leases: readonly AwsLease[]): Promise<readonly AwsLease[]> {
    const { clock, settlement } = this.#parts;
    const now = clock.now();
    const early = leases.filter((lease) => dueAt(lease) > now);
    // A message that cannot be delayed comes back when its visibility ends.
    await Promise.allSettled(
      early.map((lease) =>
        settlement.delay(lease, dueAt(lease), { firstSeen: undefined, attempts: lease.attempt - 1 }),
      ),
    );
    return leases.filter((lease) => !early.includes(lease));
  }

  /** Deletes events that were cancelled. Those of which that cannot be told are abandoned. */
  async #withoutCancelled(leases: readonly AwsLease[]): Promise<Pick<LeasedMessages, "due" | "failure">> {
    if (leases.every(({ event }) => event.cancelKey === undefined)) return { due: leases, failure: undefined };
    const { cancels, settlement } = this.#parts;
    const due: AwsLease[] = [];
    const unknown: AwsLease[] = [];
    let failure: BeeHiveError | undefined;
    for (const lease of leases) {
      try {
        if (await cancels.claim(lease.event)) due.push(lease);
        else {
          await settlement.deleteMessage(lease);
          await cancels.forget(lease.event, true);
        }
      } catch (error) {
        failure = translate(error, { action: "dynamodb:UpdateItem", resource: lease.address.name });
        unknown.push(lease);
      }
    }
    await this.#abandon(unknown);
    return { due, failure };
  }

  /** Deletes events that the inbox has recorded as handled. All are abandoned while the inbox cannot be read. */
  async #withoutHandled(
    queueName: QueueName,
    leases: readonly AwsLease[],
  ): Promise<{ readonly due: readonly AwsLease[]; readonly failure?: BeeHiveError }> {
    const { inbox, settlement } = this.#parts;
    if (!inbox || isArchive(queueName)) return { due: leases };
    // Events that the log sends are to be handled again.
    const once = leases.filter(({ origin }) => origin === undefined);
    const ids = once.map(({ event }) => identityOf(event));
    try {
      const handled = await inbox.handled(queueName, ids);
      const done = once.filter(({ event }) => handled.has(identityOf(event)));
      await Promise.allSettled(done.map((lease) => settlement.deleteMessage(lease)));
      return { due: leases.filter((lease) => !done.includes(lease)) };
    } catch (error) {
      const failure = translate(error, { action: "dynamodb:BatchGetItem", resource: String(queueName) });
      if (!isFinal(failure)) await this.#abandon(leases);
      return { due: [], failure };
    }
  }
}

/**
 * Returns whether reading the message again fails too. Its claim is gone, or the request for it is refused.
 *
 * Such a message is not abandoned: SQS counts its receives, and finally moves it to the dead letters.
 */
function isFinal(failure: BeeHiveError): boolean {
  return isGone(failure) || isRefusal(failure);
}

/** Returns when a message is due, in ms since the epoch. */
function dueAt({ received: { redelivery }, event }: AwsLease): number {
  return redelivery.notBefore ?? event.enqueueTime?.getTime() ?? 0;
}
