import { randomUUID } from "node:crypto";
import { sleep, type Clock } from "../../../base/clock.ts";
import { isBeeHiveError } from "../../../base/errors.ts";
import type { Logger } from "../../../base/logger.ts";
import { throwProblems } from "../../../base/problems.ts";
import type { Provider } from "../../../contract/provider.ts";
import type { Lease, QueueSpec } from "../../../contract/queue-operator.ts";
import { identityOf } from "../../../events/output-id.ts";
import { QueueName } from "../../../events/queue-name.ts";
import { feedRetryMs, type Feed, type FeedListener, type Positioned } from "./feed.ts";
import { goneMs, type Tenancy } from "./tenancy.ts";

const leaseMs = 30_000;
const waitMs = 20_000;
const leasedAtOnce = 100;
/** Nothing is ever tried twice, but a lease may be lost. */
const maxAttempts = 100;
/** The changes that a browser which comes back to this process can go on from. */
const remembered = 1_000;

export interface SubscriberFeedParts {
  readonly provider: Provider;
  readonly tenancy: Tenancy;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The feed of a topic that is not kept: a subscription of this process alone, which removes itself.
 *
 * Its positions count in this process, so that a browser which comes to another one loads its state anew.
 */
export class SubscriberFeed implements Feed {
  epoch = "";
  next = 0;
  readonly #topic: QueueName;
  readonly #provider: Provider;
  readonly #listener: FeedListener;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tenancy: Tenancy;
  readonly #over = new AbortController();
  readonly #recent: Positioned[] = [];
  /** The identities of recent events, of which a lost lease brings some again. */
  readonly #seen = new Set<string>();
  #ready: Promise<void> | undefined;
  #following: Promise<void> = Promise.resolve();
  #subscription: QueueName | undefined;
  /** The id of the subscription to make: the same for each attempt, since it is noted before it is made. */
  #id: string | undefined;

  constructor(topic: QueueName, listener: FeedListener, { provider, tenancy, clock, logger }: SubscriberFeedParts) {
    this.#topic = topic;
    this.#listener = listener;
    this.#provider = provider;
    this.#tenancy = tenancy;
    this.#clock = clock;
    this.#logger = logger;
  }

  ready(): Promise<void> {
    this.#ready ??= this.#subscribe().then(
      () => {
        this.#following = this.#follow();
      },
      (error: unknown) => {
        this.#ready = undefined;
        throw error;
      },
    );
    return this.#ready;
  }

  async #subscribe(): Promise<void> {
    const id = (this.#id ??= randomUUID().replaceAll("-", "").slice(0, 12));
    const name = QueueName.parse(`${this.#topic}Live${id}`);
    const { queues } = this.#provider;
    const spec: QueueSpec = { name, ordered: true, leaseMs, maxAttempts, maxIdleMs: goneMs };
    throwProblems(queues.problems([spec]), "Live changes cannot be followed");
    // Noted before it is made: a crash in between leaves nothing behind that nobody knows of.
    await this.#tenancy.begin(name);
    await queues.ensure([{ ...spec, name: this.#topic, ordered: false }, spec]);
    this.epoch = id;
    this.#subscription = name;
    this.#id = undefined;
  }

  async #follow(): Promise<void> {
    const { queues } = this.#provider;
    const { signal } = this.#over;
    let retryMs = feedRetryMs.min;
    while (!signal.aborted) {
      try {
        const name = this.#subscription ?? (await this.#again());
        const leases = await queues.lease(name, { max: leasedAtOnce, leaseMs, waitMs, signal });
        for (const lease of leases) this.#hand(lease);
        await Promise.all(leases.map((lease) => queues.commit(lease, [])));
        retryMs = feedRetryMs.min;
      } catch (error) {
        if (signal.aborted) return;
        if (isBeeHiveError(error, "QueueNotFound")) await this.#forget();
        this.#logger.warn({ err: error, topic: this.#topic.toString() }, "live changes wait for the provider");
        await sleep(this.#clock, retryMs, signal);
        retryMs = Math.min(feedRetryMs.max, retryMs * 2);
      }
    }
  }

  async #forget(): Promise<void> {
    const name = this.#subscription;
    this.#subscription = undefined;
    if (name) await this.#tenancy.end(name);
  }

  /** Another process took this one for dead, and removed its subscription. */
  async #again(): Promise<QueueName> {
    await this.#subscribe();
    this.#recent.length = 0;
    this.#listener.restarted();
    return this.#subscription as QueueName;
  }

  #hand({ event }: Lease): void {
    const identity = identityOf(event);
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    const found = { position: this.next++, event };
    this.#recent.push(found);
    if (this.#recent.length > remembered) this.#recent.shift();
    if (this.#seen.size > 2 * remembered) this.#seen.delete(this.#seen.values().next().value as string);
    this.#listener.take(found);
  }

  async read(from: number, limit: number): Promise<readonly Positioned[] | undefined> {
    const first = this.#recent[0]?.position ?? this.next;
    return from < first ? undefined : this.#recent.slice(from - first, from - first + limit);
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#ready?.catch(() => {});
    await this.#following;
    await this.#forget();
  }
}
