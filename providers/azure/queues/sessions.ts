import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from "@azure/service-bus";
import { sleep, type Clock, type Timer } from "../../../src/base/clock.ts";
import { isCode } from "../errors.ts";
import { Session, type SessionParts } from "./session.ts";

/** How long an event that was received for the next poll is kept for it, in ms. */
const keptMs = 200;
/** How long a session has its turn when all slots are taken, in ms; then it is another's. */
const turnMs = 3_000;
/** How many sessions are asked for at the same time, at the most. */
const maxAtOnce = 16;
/** The pause after a session was asked for in vain, in ms. */
const pauseMs = 50;

/** An event of a session that is locked here. */
export interface Found {
  readonly message: ServiceBusReceivedMessage;
  readonly session: Session;
}

interface Waiter {
  readonly max: number;
  readonly resolve: (found: readonly Found[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface SessionsParts extends Omit<SessionParts, "settled"> {
  /** Asks for the next free session, and waits for one on the side of the service. */
  readonly accept: () => Promise<ServiceBusSessionReceiver>;
  /** How long to wait for the first event of a session, in ms: it has one. */
  readonly firstMs: number;
  /** After how long an answer does not come any more, in ms. */
  readonly patienceMs: number;
}

/**
 * The sessions of one queue or subscription that are locked here: about as many as are asked for, and each has one event in
 * work. As soon as one is settled the next of its session is received; a session without one is given back.
 */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #clock: Clock;
  readonly #open = new Set<Session>();
  readonly #waiters = new Set<Waiter>();
  readonly #ready = new Map<Found, Timer>();
  readonly #asked = new Set<Promise<void>>();
  readonly #overdue = new Set<Timer>();
  readonly #closing = new AbortController();
  #accepting = 0;
  #eager = 1;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
  }

  /** Up to `max` events, each of another session, waiting for the first until `deadline` or until `signal` aborts. */
  lease(max: number, deadline: number, signal: AbortSignal): Promise<readonly Found[]> {
    if (signal.aborted) return Promise.resolve([]);
    const ready = [...this.#ready].slice(0, max).map(([found, timer]) => {
      timer.cancel();
      this.#ready.delete(found);
      return found;
    });
    if (ready.length > 0) return Promise.resolve(ready);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiters.delete(waiter);
        timer.cancel();
        signal.removeEventListener("abort", giveUp);
      };
      const waiter: Waiter = {
        max,
        resolve: (found) => {
          end();
          resolve(found);
        },
        reject: (error) => {
          end();
          // What the SDK throws goes on as it is.
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors
          reject(error);
        },
      };
      const giveUp = (): void => waiter.resolve([]);
      const timer = this.#clock.after(deadline - this.#clock.now(), giveUp);
      signal.addEventListener("abort", giveUp);
      this.#waiters.add(waiter);
      this.#acceptMore();
    });
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Waits for sessions that are asked for: the SDK cannot take it back, and its timers would keep the process. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const { resolve } of this.#waiters) resolve([]);
    for (const timer of [...this.#ready.values(), ...this.#overdue]) timer.cancel();
    this.#ready.clear();
    await Promise.all([...this.#open].map((session) => this.#release(session)));
    const over = new AbortController();
    const patience = sleep(this.#clock, this.#parts.firstMs * 2, over.signal);
    await Promise.race([Promise.all(this.#asked), patience]);
    over.abort();
  }

  /** One at a time while there are none, more and more while there are. */
  #acceptMore(): void {
    const wanted = [...this.#waiters].reduce((sum, { max }) => sum + max, 0);
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
    // When a connection breaks at the wrong moment, the SDK waits for a minute.
    const overdue = this.#clock.after(this.#parts.patienceMs, () => end());
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
    // Those whose lock ended, or whose connection broke, with an event in work.
    for (const session of this.#open) if (session.isOver) this.#open.delete(session);
    const session = new Session(receiver, { ...this.#parts, settled: (one) => void this.#serve(one) });
    this.#open.add(session);
    void this.#serve(session, this.#parts.firstMs);
  }

  /** Receives the next event of a session for whoever waits, or gives the session back. Never rejects. */
  async #serve(session: Session, waitMs?: number): Promise<void> {
    try {
      const message = (await this.#hasItsTurn(session)) ? await session.next(waitMs) : undefined;
      // A link that the SDK closed may still have brought a message: it comes again by another.
      if (message && !this.#isClosed && !session.isOver) return this.#offer({ message, session });
    } catch (error) {
      if (!isCode(error, "SessionLockLost") && !isCode(error, "LeaseLost")) this.#fail(error);
    }
    await this.#release(session);
  }

  /**
   * Whether a session may go on. With free slots every session is found anyway; without, one whose turn is over gives way to
   * another. It is held until that is there: else it would itself be the next.
   */
  async #hasItsTurn(session: Session): Promise<boolean> {
    const isSaturated = this.#waiters.size === 0 && this.#accepting === 0;
    if (!isSaturated || this.#clock.now() < session.turnBegan + turnMs) return true;
    try {
      this.#take(await this.#ask());
      return false;
    } catch {
      // Nobody waits; or what is wrong is met by the next poll too.
      session.turnBegan = this.#clock.now();
      return true;
    }
  }

  #offer(found: Found): void {
    const [waiter] = this.#waiters;
    if (waiter) return waiter.resolve([found]);
    const timer = this.#clock.after(keptMs, () => {
      this.#ready.delete(found);
      void this.#release(found.session);
    });
    this.#ready.set(found, timer);
  }

  #fail(error: unknown): void {
    const [waiter] = this.#waiters;
    waiter?.reject(error);
  }

  /** A session that cannot be given back is free when its lock ends. */
  async #release(session: Session): Promise<void> {
    this.#open.delete(session);
    await session.close().catch(() => {});
  }
}
