import type { Browser } from "./browser.ts";
import type { Change, LiveQuery } from "./change.ts";
import type { SharedChange } from "./shared-change.ts";
import type { Follower, Topic } from "./topic.ts";

/** A topic or query that browsers may name. */
export interface Target {
  readonly topic: Topic;
  readonly type: string;
  readonly query?: LiveQuery | undefined;
}

export type Where = Readonly<Record<string, string>>;

const page = 100;

/** A subscription of one browser. Shows it each change once, in order, that its user may see. */
export class Subscription implements Follower {
  readonly id: number;
  readonly target: Target;
  readonly type: string;
  readonly where: Where;
  /** The partition key whose changes it takes; all without one. */
  readonly key: string | undefined;
  readonly #browser: Browser;
  /** The position of the next change to take, and the position that all shown and hidden changes are before. */
  #next = 0;
  #done = 0;
  #told = 0;
  /** The changes that wait until another was judged. */
  readonly #waiting: SharedChange[] = [];
  #isJudging = false;
  #hasJoined = false;
  #isOver = false;

  constructor(id: number, target: Target, where: Where, browser: Browser) {
    this.id = id;
    this.target = target;
    this.type = target.type;
    this.where = where;
    this.key = target.query ? undefined : where["key"];
    this.#browser = browser;
  }

  /** Begins at the present, or goes on after a position that the browser names. Never rejects. */
  async start(after: string | undefined): Promise<void> {
    try {
      await this.target.topic.ready();
      if (this.#isOver) return;
      const from = after === undefined ? undefined : this.target.topic.positionIn(after);
      if (from !== undefined && (await this.#catchUp(from))) return;
      this.restart();
    } catch (error) {
      this.#browser.fail(error);
    }
  }

  /** Begins at the present, and lets the page load its state. */
  restart(): void {
    if (this.#isOver) return;
    const { topic } = this.target;
    this.#waiting.length = 0;
    this.#next = this.#done = topic.next;
    this.#join();
    this.#tell(true);
  }

  /** Shows the changes since a position, then joins those to come. Returns false when some of them are gone. */
  async #catchUp(from: number): Promise<boolean> {
    const { topic } = this.target;
    const { epoch } = topic;
    const { maxBehind } = this.#browser.limits;
    if (from > topic.next || topic.next - from > maxBehind) return false;
    this.#next = this.#done = from;
    this.#tell(false);
    while (this.#next < topic.next) {
      const end = topic.next;
      const found = await topic.read(this.#next, page);
      if (!found || epoch !== topic.epoch) return false;
      for (const change of found) {
        this.#next = change.position + 1;
        if (this.#concerns(change)) await this.#judge(change);
        if (this.#isOver) return true;
        if (epoch !== topic.epoch) return false;
        this.#done = this.#next;
      }
      if (found.length < page) this.#next = this.#done = Math.max(this.#next, end);
      await this.#browser.drained();
      if (this.#isOver) return true;
    }
    this.#join();
    return true;
  }

  #join(): void {
    this.#hasJoined = true;
    this.target.topic.join(this);
  }

  #concerns({ event }: SharedChange): boolean {
    return event.eventType === this.target.type && (this.key === undefined || event.partitionKey === this.key);
  }

  /** Takes a change of its type and key, as it comes. */
  take(change: SharedChange): void {
    if (change.position < this.#next || this.#isOver) return;
    this.#next = change.position + 1;
    if (this.#isJudging) {
      this.#waiting.push(change);
      if (this.#waiting.length > this.#browser.limits.maxBehind) this.#browser.tooSlow();
      return;
    }
    const judging = this.#judge(change);
    if (judging) void this.#judgeWaiting(judging);
  }

  /** Called now and then: tells the browser a position that it does not know from a change. */
  beat(): void {
    // Where nothing waits, all before the next change of the topic is done.
    if (!this.#isJudging && this.#hasJoined) this.#done = this.#next = this.target.topic.next;
    if (this.#done > this.#told) this.#tell(false);
  }

  end(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    this.target.topic.leave(this);
  }

  async #judgeWaiting(first: Promise<void>): Promise<void> {
    this.#isJudging = true;
    await first;
    for (let change = this.#waiting.shift(); change; change = this.#waiting.shift()) await this.#judge(change);
    this.#isJudging = false;
  }

  /** Shows a change that the user may see. Returns a promise only where a function of the application does. */
  #judge(shared: SharedChange): Promise<void> | undefined {
    let change: Change;
    try {
      ({ change } = shared);
    } catch (error) {
      // The page cannot get this change, so it loads its state.
      this.#browser.warn(error, `a change of ${this.target.type} cannot be read: pages load their state`);
      this.#done = shared.position + 1;
      this.#tell(true);
      return undefined;
    }
    try {
      const { query } = this.target;
      const shown = then(query ? query.matches(change, this.where) : true, (matches) => {
        if (matches !== true) return this.#passed(shared);
        return then(this.#browser.may(change), (allowed) => {
          if (allowed !== true) return this.#passed(shared);
          return then(this.#browser.masked(change), (body) => this.#show(shared, shared.with(body)));
        });
      });
      return isPromise<undefined>(shown) ? shown.catch((error: unknown) => this.#browser.fail(error)) : undefined;
    } catch (error) {
      // To go on would leave a gap: the browser comes back, and goes on from here.
      this.#browser.fail(error);
      return undefined;
    }
  }

  #passed({ position, epoch }: SharedChange): undefined {
    if (epoch === this.target.topic.epoch) this.#done = position + 1;
  }

  #show({ position, epoch }: SharedChange, json: string): undefined {
    if (this.#isOver || epoch !== this.target.topic.epoch) return;
    this.#told = this.#done = position + 1;
    const token = this.target.topic.tokenOf(this.#done);
    this.#browser.send(`{"on":${this.id},"position":"${token}","change":${json}}`, token);
  }

  #tell(load: boolean): void {
    this.#told = this.#done;
    const position = this.target.topic.tokenOf(this.#done);
    this.#browser.send(JSON.stringify({ at: this.id, position, ...(load && { load }) }), position);
  }
}

/** Calls `use` with a value: at once, or when its promise is fulfilled. */
function then<T, R>(value: T | PromiseLike<T>, use: (value: T) => R | PromiseLike<R>): R | PromiseLike<R> {
  return isPromise<T>(value) ? value.then(use) : use(value as T);
}

function isPromise<T>(value: unknown): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value;
}
