import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from "@azure/service-bus";
import { sleep, waitFor, type Clock, type Timer } from "../../../src/base/clock.ts";
import { Callers } from "../../../src/provider-kit/callers.ts";
import { isCode } from "../errors.ts";
import { Session, type SessionParts } from "./session.ts";

/** How long an event is kept for the next poll, in ms. */
const keptMs = 200;
/** How long a session keeps its turn when all slots are taken, in ms. */
const turnMs = 3_000;
/** The most requests for a session at the same time. */
const maxAtOnce = 16;
/** The pause after a request in vain, in ms. */
const pauseMs = 50;

/** A message of a session, which is locked. */
export interface SessionMessage {
  readonly message: ServiceBusReceivedMessage;
  readonly session: Session;
}

export interface SessionsParts extends Omit<SessionParts, "settled"> {
  /** Requests the next free session. The wait for one is on the side of the service. */
  readonly accept: () => Promise<ServiceBusSessionReceiver>;
  /** The wait for the first event of a new session, in ms. */
  readonly firstMs: number;
  /** The longest wait for a session before the request counts as lost, in ms. */
  readonly acceptLimitMs: number;
}

/**
 * The locked sessions of a queue or subscription. There are about as many as free slots, each with one event in work.
 *
 * When an event is settled, the next of its session is received. A session without events is released.
 */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #clock: Clock;
  readonly #open = new Set<Session>();
  /** Callers with the number of events that each wants. */
  readonly #callers: Callers<number, SessionMessage>;
  readonly #ready = new Map<SessionMessage, Timer>();
  readonly #asked = new Set<Promise<void>>();
  readonly #overdue = new Set<Timer>();
  readonly #closing = new AbortController();
  #accepting = 0;
  #eager = 1;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#callers = new Callers(parts.clock);
  }

  /** Returns up to `max` events of different sessions. Waits for the first until `deadline` or an abort. */
  lease(max: number, deadline: number, signal: AbortSignal): Promise<readonly SessionMessage[]> {
    if (signal.aborted) return Promise.resolve([]);
    const ready = [...this.#ready].slice(0, max).map(([found, timer]) => {
      timer.cancel();
      this.#ready.delete(found);
      return found;
    });
    if (ready.length > 0) return Promise.resolve(ready);
    const found = this.#callers.wait(max, deadline - this.#clock.now(), signal);
    this.#acceptMore();
    return found;
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Closes all, and waits for pending requests. The SDK cannot cancel them, and its timers would keep the process
   * alive.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#callers.close();
    for (const timer of [...this.#ready.values(), ...this.#overdue]) timer.cancel();
    this.#ready.clear();
    await Promise.all([...this.#open].map((session) => this.#release(session)));
    await waitFor(Promise.all(this.#asked), this.#clock, this.#parts.firstMs * 2);
  }

  /** Requests sessions: one at a time while none is free, then twice as many after each success. */
  #acceptMore(): void {
    const wanted = [...this.#callers].reduce((sum, caller) => sum + caller.wanted, 0);
    while (!this.#isClosed && this.#accepting < Math.min(wanted, this.#eager)) void this.#accept();
  }

  async #accept(): Promise<void> {
    this.#accepting++;
    let end = (): void => {
      end = () => {};
      overdue.cancel();
      this.#overdue.delete(overdue);
      this.#accepting--;
      this.#acceptMore();
    };
    // When a connection breaks at the wrong moment, the SDK waits a minute.
    const overdue = this.#clock.after(this.#parts.acceptLimitMs, () => end());
    this.#overdue.add(overdue);
    try {
      const receiver = await this.#ask();
      this.#eager = Math.min(maxAtOnce, this.#eager * 2);
      if (this.#isClosed) await receiver.close();
      else this.#take(receiver);
    } catch (error) {
      this.#eager = 1;
      if (!isCode(error, "ServiceTimeout") && !isCode(error, "SessionCannotBeLocked")) this.#fail(error);
      else await sleep(this.#clock, pauseMs, this.#closing.signal);
    }
    end();
  }

  #ask(): Promise<ServiceBusSessionReceiver> {
    const asked = this.#parts.accept();
    const answered: Promise<void> = asked.then(
      () => void this.#asked.delete(answered),
      () => void this.#asked.delete(answered),
    );
    this.#asked.add(answered);
    return asked;
  }

  #take(receiver: ServiceBusSessionReceiver): void {
    // Forget sessions whose lock ended or whose connection broke while an event was in work.
    for (const session of this.#open) if (session.isOver) this.#open.delete(session);
    const session = new Session(receiver, { ...this.#parts, settled: (one) => void this.#serve(one) });
    this.#open.add(session);
    void this.#serve(session, this.#parts.firstMs);
  }

  /** Receives the next event of a session for a waiting poll, or releases the session. Never rejects. */
  async #serve(session: Session, waitMs?: number): Promise<void> {
    try {
      const message = (await this.#hasItsTurn(session)) ? await session.next(waitMs) : undefined;
      // A message of a link that the SDK has closed is delivered again over another.
      if (message && !this.#isClosed && !session.isOver) return this.#offer({ message, session });
    } catch (error) {
      if (!isCode(error, "SessionLockLost") && !isCode(error, "LeaseLost")) this.#fail(error);
    }
    await this.#release(session);
  }

  /**
   * Returns whether a session may go on. Without free slots, a session whose turn is over gives way to another.
   *
   * The session is held until the other is there; otherwise it would itself be the next.
   */
  async #hasItsTurn(session: Session): Promise<boolean> {
    const isSaturated = this.#callers.size === 0 && this.#accepting === 0;
    if (!isSaturated || this.#clock.now() < session.turnBegan + turnMs) return true;
    try {
      this.#take(await this.#ask());
      return false;
    } catch {
      // No other session has events; or the next poll meets the same failure.
      session.turnBegan = this.#clock.now();
      return true;
    }
  }

  #offer(found: SessionMessage): void {
    const [caller] = this.#callers;
    if (caller) return caller.resolve([found]);
    const timer = this.#clock.after(keptMs, () => {
      this.#ready.delete(found);
      void this.#release(found.session);
    });
    this.#ready.set(found, timer);
  }

  #fail(error: unknown): void {
    const [caller] = this.#callers;
    caller?.reject(error);
  }

  /** Releases a session. If that fails, it is free when its lock ends. */
  async #release(session: Session): Promise<void> {
    this.#open.delete(session);
    await session.close().catch(() => {});
  }
}
