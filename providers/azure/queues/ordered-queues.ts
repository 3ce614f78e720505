import type { ServiceBusClient, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import { acceptNextSession } from "../sdk/accept-session.ts";
import type { AzureConfig } from "../config.ts";
import type { Names } from "./names.ts";
import { receiving } from "./receiving.ts";
import type { SessionParts } from "./session.ts";
import { Sessions, type Found } from "./sessions.ts";

/** An answer that is later than this after its time does not come, in ms. */
const lateMs = 5_000;

/** The queues and subscriptions that are received from in order, by sessions. */
export class OrderedQueues {
  readonly #client: ServiceBusClient;
  readonly #names: Names;
  readonly #config: Pick<AzureConfig, "pollMs" | "tryTimeoutMs" | "minLockMs">;
  readonly #parts: Pick<SessionParts, "publisher" | "clock">;
  readonly #paths = new Set<string>();
  readonly #sessions = new Map<string, Sessions>();

  constructor(
    client: ServiceBusClient,
    names: Names,
    config: Pick<AzureConfig, "pollMs" | "tryTimeoutMs" | "minLockMs">,
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

  learn(queues: readonly QueueSpec[]): void {
    for (const { name, ordered } of queues) if (ordered) this.add(name);
  }

  /** @param leaseMs how long its sessions are locked at a time, as its queue was made. */
  lease(
    name: QueueName,
    leaseMs: number,
    max: number,
    deadline: number,
    signal: AbortSignal,
  ): Promise<readonly Found[]> {
    const path = this.#names.path(name);
    let sessions = this.#sessions.get(path);
    if (!sessions) this.#sessions.set(path, (sessions = this.#make(name, path, leaseMs)));
    return sessions.lease(max, deadline, signal);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((sessions) => sessions.close()));
  }

  #make(name: QueueName, path: string, leaseMs: number): Sessions {
    const { pollMs, tryTimeoutMs, minLockMs: minMs } = this.#config;
    const accept = (): Promise<ServiceBusSessionReceiver> => acceptNextSession(this.#client, path, receiving, pollMs);
    return new Sessions({
      ...this.#parts,
      name,
      accept,
      firstMs: pollMs,
      patienceMs: pollMs + lateMs,
      settlementMs: tryTimeoutMs,
      leaseMs,
      minMs,
    });
  }
}
