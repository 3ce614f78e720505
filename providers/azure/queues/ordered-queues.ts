import type { ServiceBusClient, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { AzureConfig } from "../config.ts";
import { acceptNextSession } from "../sdk/accept-session.ts";
import type { Names } from "./names.ts";
import { receiverOptions } from "./reader.ts";
import type { SessionParts } from "./session.ts";
import { Sessions, type SessionMessage } from "./sessions.ts";

/** How late an answer may be before it counts as lost, in ms. */
const lateMs = 5_000;

/** The ordered queues and subscriptions, which are read by sessions. */
export class OrderedQueues {
  readonly #client: ServiceBusClient;
  readonly #names: Names;
  readonly #config: Pick<AzureConfig, "poll" | "tryTimeout" | "minLock">;
  readonly #parts: Pick<SessionParts, "publisher" | "clock">;
  readonly #paths = new Set<string>();
  readonly #sessions = new Map<string, Sessions>();

  constructor(
    client: ServiceBusClient,
    names: Names,
    config: Pick<AzureConfig, "poll" | "tryTimeout" | "minLock">,
    parts: Pick<SessionParts, "publisher" | "clock">,
  ) {
    this.#client = client;
    this.#names = names;
    this.#config = config;
    this.#parts = parts;
  }

  has(name: QueueName): boolean {
    return this.#paths.has(this.#names.path(name));
  }

  add(name: QueueName): void {
    this.#paths.add(this.#names.path(name));
  }

  remember(queues: readonly QueueSpec[]): void {
    for (const { name, ordered } of queues) if (ordered) this.add(name);
  }

  /** @param leaseMs the lock duration of a session, as the queue was made. */
  lease(
    name: QueueName,
    leaseMs: number,
    max: number,
    deadline: number,
    signal: AbortSignal,
  ): Promise<readonly SessionMessage[]> {
    const path = this.#names.path(name);
    let sessions = this.#sessions.get(path);
    if (!sessions) this.#sessions.set(path, (sessions = this.#make(name, path, leaseMs)));
    return sessions.lease(max, deadline, signal);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((sessions) => sessions.close()));
  }

  #make(name: QueueName, path: string, leaseMs: number): Sessions {
    const { poll: pollMs, tryTimeout: settlementMs, minLock: minMs } = this.#config;
    const accept = (): Promise<ServiceBusSessionReceiver> =>
      acceptNextSession(this.#client, path, receiverOptions, pollMs);
    return new Sessions({
      ...this.#parts,
      name,
      accept,
      firstMs: pollMs,
      acceptLimitMs: pollMs + lateMs,
      settlementMs,
      leaseMs,
      minMs,
    });
  }
}
