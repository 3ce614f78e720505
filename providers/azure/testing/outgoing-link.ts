import type { Delivery, EventContext, Sender } from "rhea";
import type { Faults } from "./faults.ts";
import { deliveryTag } from "./lock-token.ts";
import type { Properties } from "./message.ts";
import type { MessageQueue, Settlement } from "./queue.ts";
import {
  accept,
  acceptAttach,
  alwaysAnswerDrain,
  encode,
  isDraining,
  reject,
  sendable,
  reportDrained,
} from "./rhea.ts";
import type { SessionLock } from "./sessions.ts";

/** Sends messages of a queue to a client, up to its credit, and receives the settlements. */
export class OutgoingLink {
  readonly #sender: Sender;
  readonly #queue: MessageQueue;
  readonly #faults: Faults;
  readonly #drop: () => void;
  readonly #session: SessionLock | undefined;
  readonly #tokens = new Map<Delivery, string>();
  readonly #ended: () => void;

  /**
   * @param drop drops the connection.
   * @param session the session to send; `undefined` for a queue without sessions.
   */
  constructor(sender: Sender, queue: MessageQueue, faults: Faults, drop: () => void, session?: SessionLock) {
    this.#sender = sender;
    this.#queue = queue;
    this.#faults = faults;
    this.#drop = drop;
    this.#session = session;
    acceptAttach(sender, session);
    alwaysAnswerDrain(sender);
    this.#ended = queue.onReady(() => this.#pump());
    sender.on("sender_flow", () => {
      this.#pump();
      // Once for each drain: a second report would end credit that was given meanwhile.
      if (isDraining(sender)) this.#faults.drained(() => reportDrained(sender));
    });
    for (const outcome of ["accepted", "released", "modified", "rejected"]) {
      sender.on(outcome, (context: EventContext) => this.#settle(context, outcome));
    }
    for (const end of ["sender_close", "session_close"]) sender.on(end, () => this.#close());
  }

  /** Stops sending. Locked messages stay locked until their locks end. */
  end(): void {
    this.#ended();
  }

  /**
   * Called when the receiver closed the link: frees its session. After a broken connection the session stays locked.
   */
  #close(): void {
    this.end();
    if (this.#session) this.#queue.releaseSession(this.#session);
  }

  /** Fault: detaches the link, after which its locks settle nothing. */
  detach(condition: string, description: string): void {
    this.end();
    this.#queue.orphanLocks(this.#tokens.values());
    this.#sender.close({ condition, description });
  }

  #pump(): void {
    while (this.#sender.is_open() && sendable(this.#sender) > 0) {
      const sent = this.#sender.snd_settle_mode === 1 ? this.#sendSettled() : this.#sendLocked();
      if (!sent) break;
    }
  }

  #sendLocked(): boolean {
    const entry = this.#queue.lockNext(this.#session);
    if (!entry) return false;
    const { token } = entry.lock;
    const delivery = this.#sender.send(encode(this.#queue.render(entry)), deliveryTag(token), 0);
    this.#tokens.set(delivery, token);
    return true;
  }

  #sendSettled(): boolean {
    const entry = this.#queue.takeNext(this.#session);
    if (!entry) return false;
    this.#sender.send(encode(this.#queue.render(entry)), undefined, 0);
    return true;
  }

  #settle({ delivery }: EventContext, outcome: string): void {
    const token = delivery && this.#tokens.get(delivery);
    if (!delivery || token === undefined) return;
    this.#tokens.delete(delivery);
    this.#faults.answer(() => {
      const held = this.#queue.settle(token, settlementOf(outcome, delivery.remote_state as RemoteState));
      if (this.#faults.dropsSettlement()) this.#drop();
      else if (held) accept(delivery);
      else {
        const lost =
          "The lock supplied is invalid. " +
          "Either the lock expired, or the message has already been removed from the queue.";
        reject(delivery, "com.microsoft:message-lock-lost", lost);
      }
    });
  }
}

interface RemoteState {
  readonly undeliverable_here?: boolean;
  readonly message_annotations?: Properties;
  readonly error?: { readonly condition?: string; readonly description?: string; readonly info?: Properties };
}

function settlementOf(outcome: string, state: RemoteState): Settlement {
  switch (outcome) {
    case "accepted":
      return { as: "completed" };
    case "modified":
      return { as: state.undeliverable_here ? "deferred" : "abandoned", properties: state.message_annotations };
    case "rejected":
      return { as: "dead-lettered", properties: state.error?.info };
    default:
      return { as: "released" };
  }
}
