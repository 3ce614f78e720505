/** A SQLite file with the queues of the tests' shop, for tests of the command line. */
import { openProvider, QueueName, systemClock, type Event, type Provider } from "beehive-actors";
import { folderWith } from "./cli.ts";

export interface CliHive extends AsyncDisposable {
  readonly url: string;
  readonly provider: Provider;
  at(name: string): string;
  /** Leases and commits all ready events of a queue. */
  take(queue: string): Promise<Event[]>;
  /** Dead-letters all ready events of a queue. */
  bury(
    queue: string,
    letterOf?: (event: Event) => { reason?: string; errorName?: string; lastSeen?: Date },
  ): Promise<void>;
}

export const packing = "OrderPlaced-Packing";
export const topic = "OrderPlaced-";

const names = [topic, packing, "OrderPlaced-Mail", "OrderPacked-", "Invoices"];

export async function cliHive(files: Readonly<Record<string, string>> = {}): Promise<CliHive> {
  const folder = folderWith(files);
  const url = `sqlite:${folder.at("hive.db")}`;
  const provider = await openProvider(url, { clock: systemClock });
  const specs = names.map((name) => ({
    name: QueueName.parse(name),
    ordered: false,
    leaseMs: 30_000,
    maxAttempts: 10,
  }));
  await provider.queues.ensure(specs);
  const lease = (queue: string): ReturnType<Provider["queues"]["lease"]> =>
    provider.queues.lease(QueueName.parse(queue), {
      max: 10_000,
      leaseMs: 30_000,
      waitMs: 0,
      signal: new AbortController().signal,
    });
  return {
    url,
    provider,
    at: (name) => folder.at(name),
    async take(queue) {
      const leases = await lease(queue);
      for (const one of leases) await provider.queues.commit(one, []);
      return leases.map(({ event }) => event);
    },
    async bury(queue, letterOf = () => ({})) {
      for (const one of await lease(queue)) {
        const seen = new Date();
        await provider.queues.deadLetter(one, {
          event: one.event,
          reason: "it is broken",
          errorName: "TypeError",
          errorMessage: "it is broken",
          stack: "TypeError: it is broken\n    at pack (shop.ts:1:1)",
          actor: "PackingActor",
          subscription: queue,
          attempts: 3,
          firstSeen: seen,
          lastSeen: seen,
          ...letterOf(one.event),
        });
      }
    },
    async [Symbol.asyncDispose]() {
      await provider.close();
      folder[Symbol.dispose]();
    },
  };
}
