import type { Clock, Timer } from "../../../src/base/clock.ts";
import { newLockToken } from "./lock-token.ts";
import { outgoing, withProperties, type Properties } from "./message.ts";
import type { AmqpMessage } from "./rhea.ts";
import { Sessions, type SessionLock } from "./sessions.ts";

export interface QueueSettings {
  readonly lockMs: number;
  /** The number of deliveries, deferred ones included, after which a message is dead-lettered. */
  readonly maxDeliveryCount: number;
  /** Messages are received by session, each session by one receiver at a time. */
  readonly requiresSession: boolean;
}

interface Lock {
  readonly token: string;
  until: number;
  /** `undefined` when the lock is that of the session. */
  timer: Timer | undefined;
  readonly session: SessionLock | undefined;
  /** True after the link was detached: the lock can be renewed, but settles nothing. */
  orphaned: boolean;
}

/** A message in a queue. */
export interface Entry {
  readonly sequence: number;
  message: AmqpMessage;
  readonly enqueuedAt: number;
  deliveryCount: number;
  deferred: boolean;
  lock: Lock | undefined;
  readonly deadLetterSource: string | undefined;
}

/** How a receiver settles a message. */
export type Settlement =
  | { readonly as: "completed" }
  | { readonly as: "abandoned" | "deferred" | "dead-lettered"; readonly properties?: Properties | undefined }
  | { readonly as: "released" };

/** Takes a dead letter. A dead-letter queue has none. */
export type DeadLetterHandler = (message: AmqpMessage) => void;

/** The messages of one queue, subscription or dead-letter queue. All methods are synchronous. */
export class MessageQueue {
  readonly settings: QueueSettings;
  readonly #clock: Clock;
  readonly #toDeadLetters: DeadLetterHandler | undefined;
  /** All messages, by sequence number, in order. */
  readonly #entries = new Map<number, Entry>();
  /** Messages ready to be received, in order, by session; without sessions in one line. */
  readonly #lines = new Map<string, Entry[]>();
  readonly #byToken = new Map<string, Entry>();
  readonly #consumers = new Set<() => void>();
  readonly #sessions: Sessions;
  #sequence = 0;

  constructor(settings: QueueSettings, clock: Clock, toDeadLetters?: DeadLetterHandler) {
    this.settings = settings;
    this.#clock = clock;
    this.#toDeadLetters = toDeadLetters;
    this.#sessions = new Sessions(settings.lockMs, clock, (lock) => this.#unlockSession(lock, true));
  }

  get size(): number {
    return this.#entries.size;
  }

  enqueue(message: AmqpMessage, deadLetterSource?: string): void {
    const entry: Entry = {
      sequence: ++this.#sequence,
      message,
      enqueuedAt: this.#clock.now(),
      deliveryCount: 0,
      deferred: false,
      lock: undefined,
      deadLetterSource,
    };
    this.#entries.set(entry.sequence, entry);
    this.#makeReady(entry);
  }

  /** Calls `consumer` whenever a message may be ready; returns a function that ends this. */
  onReady(consumer: () => void): () => void {
    this.#consumers.add(consumer);
    return () => this.#consumers.delete(consumer);
  }

  /** Locks the first message that is ready, with sessions that of the session. */
  lockNext(session?: SessionLock): (Entry & { lock: Lock }) | undefined {
    const entry = this.#shift(session);
    return entry && this.#lock(entry, session);
  }

  /** Removes the first message that is ready: "receive and delete". */
  takeNext(session?: SessionLock): Entry | undefined {
    const entry = this.#shift(session);
    if (entry) this.#entries.delete(entry.sequence);
    return entry;
  }

  /** Locks a deferred message; with sessions only one of the session that is held. */
  lockDeferred(sequence: number, session?: SessionLock): (Entry & { lock: Lock }) | undefined {
    const entry = this.#entries.get(sequence);
    if (!entry?.deferred || entry.lock) return undefined;
    if (!this.settings.requiresSession) return this.#lock(entry);
    return session && this.#lineOf(entry) === session.id ? this.#lock(entry, session) : undefined;
  }

  /** Locks the session with that id, or the next with a message. Returns `undefined` when none is free. */
  acceptSession(id: string | undefined, holder: string, lost: () => void): SessionLock | undefined {
    const chosen = id ?? this.#sessions.next(this.#lines.keys());
    return chosen === undefined ? undefined : this.#sessions.accept(chosen, holder, lost);
  }

  /** Releases a session for its holder. Unsettled messages are ready again, their deliveries uncounted. */
  releaseSession(lock: SessionLock): void {
    if (this.#sessions.end(lock)) this.#unlockSession(lock, false);
  }

  /** Returns the lock on a session, if that link holds it. */
  heldSession(id: string, holder: string): SessionLock | undefined {
    return this.#sessions.heldBy(id, holder);
  }

  /** Renews a session; returns the end of the lock. */
  renewSession(lock: SessionLock): number {
    return this.#sessions.renew(lock);
  }

  sessionState(id: string): Buffer | undefined {
    return this.#sessions.state(id);
  }

  setSessionState(id: string, state: Buffer | undefined): void {
    this.#sessions.setState(id, state);
  }

  /** Settles by lock token; returns whether the lock was held. */
  settle(token: string, settlement: Settlement): boolean {
    const entry = this.#byToken.get(token);
    if (!entry?.lock || entry.lock.orphaned) return false;
    this.#unlock(entry);
    switch (settlement.as) {
      case "completed":
        this.#entries.delete(entry.sequence);
        break;
      case "released":
        this.#redeliver(entry, false);
        break;
      case "abandoned":
        entry.message = withProperties(entry.message, settlement.properties);
        this.#redeliver(entry, true);
        break;
      case "deferred":
        entry.message = withProperties(entry.message, settlement.properties);
        entry.deferred = true;
        // A defer counts as a delivery, and may be the last (azure-service-bus#375).
        this.#redeliver(entry, true);
        break;
      case "dead-lettered":
        this.#deadLetter(entry, settlement.properties);
        break;
    }
    return true;
  }

  /** Renews a lock; returns its end, or `undefined` when it is gone. */
  renew(token: string): number | undefined {
    const lock = this.#byToken.get(token)?.lock;
    if (!lock?.timer) return undefined;
    lock.timer.cancel();
    lock.until = this.#clock.now() + this.settings.lockMs;
    lock.timer = this.#expiry(token);
    return lock.until;
  }

  /** Returns up to `count` messages from a sequence number on, in any state. */
  peek(from: number, count: number, sessionId?: string): AmqpMessage[] {
    const found: AmqpMessage[] = [];
    for (const entry of this.#entries.values()) {
      if (found.length === count) break;
      if (sessionId !== undefined && this.#lineOf(entry) !== sessionId) continue;
      if (entry.sequence >= from) found.push(this.render(entry));
    }
    return found;
  }

  /** Returns a message with the facts that the broker adds. */
  render(entry: Entry): AmqpMessage {
    const { message, lock, deferred, ...facts } = entry;
    return outgoing(message, { ...facts, lockedUntil: lock?.until, state: deferred ? 1 : 0 });
  }

  /** Fault: every lock ends now. */
  expireLocks(): void {
    this.#sessions.expireAll();
    for (const token of [...this.#byToken.keys()]) this.#expire(token);
  }

  /** Fault: these locks settle nothing any more, though they last until their end. */
  orphanLocks(tokens: Iterable<string>): void {
    for (const token of tokens) {
      const lock = this.#byToken.get(token)?.lock;
      if (lock) lock.orphaned = true;
    }
  }

  close(): void {
    for (const { lock } of this.#byToken.values()) lock?.timer?.cancel();
    this.#sessions.close();
    this.#consumers.clear();
  }

  #lineOf({ message }: Entry): string {
    return this.settings.requiresSession ? String(message.group_id) : "";
  }

  #shift(session: SessionLock | undefined): Entry | undefined {
    const id = session?.id ?? "";
    const line = this.#lines.get(id);
    const entry = line?.shift();
    if (line?.length === 0) this.#lines.delete(id);
    return entry;
  }

  #lock(entry: Entry, session?: SessionLock): Entry & { lock: Lock } {
    const token = newLockToken();
    const lock = {
      token,
      until: session?.until ?? this.#clock.now() + this.settings.lockMs,
      timer: session ? undefined : this.#expiry(token),
      session,
      orphaned: false,
    };
    this.#byToken.set(token, entry);
    return Object.assign(entry, { lock });
  }

  #unlock(entry: Entry): void {
    entry.lock?.timer?.cancel();
    if (entry.lock) this.#byToken.delete(entry.lock.token);
    entry.lock = undefined;
  }

  #expiry(token: string): Timer {
    return this.#clock.after(this.settings.lockMs, () => this.#expire(token));
  }

  #expire(token: string): void {
    const entry = this.#byToken.get(token);
    if (!entry) return;
    this.#unlock(entry);
    this.#redeliver(entry, true);
  }

  #unlockSession(lock: SessionLock, counted: boolean): void {
    for (const entry of [...this.#byToken.values()]) {
      if (entry.lock?.session !== lock) continue;
      this.#unlock(entry);
      this.#redeliver(entry, counted);
    }
    this.#wake();
  }

  #redeliver(entry: Entry, counted: boolean): void {
    const { maxDeliveryCount } = this.settings;
    if (counted) entry.deliveryCount++;
    if (this.#toDeadLetters && entry.deliveryCount >= maxDeliveryCount) {
      this.#deadLetter(entry, {
        DeadLetterReason: "MaxDeliveryCountExceeded",
        DeadLetterErrorDescription: `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`,
      });
    } else if (!entry.deferred) this.#makeReady(entry);
  }

  #deadLetter(entry: Entry, properties: Properties | undefined): void {
    if (!this.#toDeadLetters) return this.#makeReady(entry);
    this.#entries.delete(entry.sequence);
    this.#toDeadLetters(withProperties(entry.message, properties));
  }

  /** Puts a message in its place: a queue is ordered by sequence number. */
  #makeReady(entry: Entry): void {
    const id = this.#lineOf(entry);
    let line = this.#lines.get(id);
    if (!line) this.#lines.set(id, (line = []));
    let place = line.length;
    while (place > 0 && (line[place - 1]?.sequence ?? 0) > entry.sequence) place--;
    line.splice(place, 0, entry);
    this.#wake();
  }

  /** Wakes the consumers in turns: the first now is the last next time. */
  #wake(): void {
    for (const consumer of [...this.#consumers]) {
      if (this.#lines.size === 0) return;
      if (!this.#consumers.has(consumer)) continue;
      this.#consumers.delete(consumer);
      this.#consumers.add(consumer);
      consumer();
    }
  }
}
