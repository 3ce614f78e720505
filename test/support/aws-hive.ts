/** A provider on its own servers, with tools for the tests of AWS. */
import { makeClients } from "../../providers/aws/client.ts";
import { completed } from "../../providers/aws/config.ts";
import { AwsProvider, type AwsProviderOptions } from "../../providers/aws/index.ts";
import type { AwsLease } from "../../providers/aws/queues/lease.ts";
import { Event, QueueName, type QueueSpec } from "../../src/index.ts";
import { startAwsServers, type AwsServers } from "./aws-servers.ts";

/** The common part of the four clients, whose types differ. */
interface Counted {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (args: never) => unknown,
        context: { readonly commandName?: string },
      ) => (args: never) => unknown,
      options: { readonly step: "initialize" },
    ): void;
  };
}

export interface AwsScene {
  readonly servers: AwsServers;
  readonly provider: AwsProvider;
  /** Number of sends by command, seen by middleware of the SDK. */
  readonly sent: Map<string, number>;
  /** Returns a provider like that of another process on the same servers. */
  another(config?: AwsProviderOptions): AwsProvider;
  close(): Promise<void>;
}

export async function awsScene(given: Omit<AwsProviderOptions, "clients"> = {}): Promise<AwsScene> {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" });
  const servers = await startAwsServers();
  const { clock, logger, ...config } = { prefix: "test", wait: 1_000, endpoint: servers.endpoint, ...given };
  const clients = makeClients(completed(config));
  const sent = new Map<string, number>();
  const count = ({ commandName = "?" }: { readonly commandName?: string }): void =>
    void sent.set(commandName, (sent.get(commandName) ?? 0) + 1);
  for (const { middlewareStack } of Object.values(clients) as Counted[]) {
    middlewareStack.add(
      (next, context) => (args) => {
        count(context);
        return next(args);
      },
      { step: "initialize" },
    );
  }
  const provider = new AwsProvider({ ...config, clients, ...(clock && { clock }), ...(logger && { logger }) });
  const others: AwsProvider[] = [];
  return {
    servers,
    provider,
    sent,
    another(changes = {}) {
      const other = new AwsProvider({ ...config, ...changes });
      others.push(other);
      return other;
    },
    async close() {
      servers.interfere = () => undefined;
      await Promise.all([provider, ...others].map((one) => one.close()));
      for (const client of Object.values(clients)) (client as { destroy(): void }).destroy();
      await servers.close();
    },
  };
}

export function spec(name: string, more: Partial<QueueSpec> = {}): QueueSpec {
  return { name: QueueName.parse(name), ordered: false, leaseMs: 60_000, maxAttempts: 10, ...more };
}

export function eventTo(queueName: string, body: unknown, options: object = {}): Event {
  return new Event("SomethingHappened", body, { queueName, ...options });
}

/** Waits for this number of leases. */
export async function take(
  { queues }: AwsProvider,
  name: string,
  count: number,
  leaseMs = 60_000,
): Promise<AwsLease[]> {
  const leases: AwsLease[] = [];
  const { signal } = new AbortController();
  for (let tries = 0; leases.length < count; tries++) {
    if (tries === 20) throw new Error(`${leases.length} of ${count} events came from ${name}`);
    leases.push(
      ...(await queues.lease(QueueName.parse(name), { max: count - leases.length, leaseMs, waitMs: 1_000, signal })),
    );
  }
  return leases;
}

export async function takeOne(provider: AwsProvider, name: string, leaseMs?: number): Promise<AwsLease> {
  const [lease] = await take(provider, name, 1, leaseMs);
  if (!lease) throw new Error(`nothing came from ${name}`);
  return lease;
}
