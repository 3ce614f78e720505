import { withTimeLimit, type Clock } from "../../../src/base/clock.ts";
import { messageOf as textOf } from "../../../src/base/error-text.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { safeText } from "../../../src/base/safe-text.ts";
import type { Transaction } from "../../../src/contract/transaction.ts";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import type { PostgresClient } from "../client.ts";
import { inSchema } from "../database/migrate.ts";
import { codeOf, translate } from "../errors.ts";
import { lineOf, messageOf } from "./message.ts";
import { assertNoneIsKept } from "./committing.ts";
import { OpenTransactions } from "./open-transactions.ts";
import type { Notices } from "./notices.ts";
import type { Taking } from "./taking.ts";
import { readersOf, type Topology } from "./topology.ts";
import type { Waiting } from "./waiting.ts";

/** The parts that publishing in a transaction of the application works with. */
export interface PushWithinParts {
  readonly client: PostgresClient;
  readonly clock: Clock;
  readonly topology: Topology;
  readonly waiting: Waiting;
  readonly taking: Taking;
  readonly notices: Notices;
  /** How long the id of an event is known, in ms. */
  readonly windowMs: number;
}

interface Output {
  readonly known: number;
  readonly subscription: number;
  readonly line: string | null;
  readonly due: number;
  readonly event: string;
  readonly body: string | null;
  readonly bytes: string | undefined;
}

interface KeptOutput {
  readonly known: number;
  readonly destination: number;
  readonly key: string | undefined;
  readonly due: number;
  readonly event: string;
  readonly body: string | null;
  readonly bytes: string | undefined;
}

interface ResultRow {
  readonly what: "topology" | "xact";
  readonly n: number | bigint | string;
  readonly xact: string | null;
}

/** How long a transaction waits for another connection, in ms. */
const connectionLimitMs = 10_000;

/** How often events are sent anew because the topology changed. */
const maxTopologies = 3;

/** Publishes events in transactions of the application. */
export class PushWithin {
  readonly #parts: PushWithinParts;
  readonly #open: OpenTransactions;

  constructor(parts: PushWithinParts) {
    this.#parts = parts;
    const { client, clock, waiting, taking, notices } = parts;
    this.#open = new OpenTransactions(client, clock, (subscription, count) => {
      taking.unbound(subscription);
      waiting.touch(subscription);
      notices.published(subscription, count, true);
    });
  }

  /**
   * Publishes events. Returns how many were dropped as duplicates.
   *
   * @throws BeeHiveError `QueueNotFound` before anything is sent, `InvalidConfiguration` for a pool, `Timeout` when no
   *   other connection is free.
   */
  async push(transaction: Transaction, events: readonly Event[]): Promise<number> {
    const { client, topology } = this.#parts;
    assertOneConnection(transaction);
    await this.#inTime(client.ready());
    for (let times = 1; ; times++) {
      await this.#inTime(topology.assertDestinations(events));
      assertNoneIsKept(events, topology);
      const { text, subscriptions } = this.#pushOf(events);
      const { what, n, xact } = await send(transaction, text, client);
      if (what === "xact") {
        if (xact !== null) this.#open.add(xact, subscriptions);
        return Number(n);
      }
      if (times === maxTopologies)
        throw new BeeHiveError(
          "Unavailable",
          "The transaction does not see the topics of now, since it began before one of them was made. Repeat it.",
        );
      await this.#inTime(topology.read());
    }
  }

  /** Ends the wait for a connection that is not the one of the transaction: a pool may have lent all to transactions. */
  #inTime<T>(work: Promise<T>): Promise<T> {
    return withTimeLimit(work, this.#parts.clock, connectionLimitMs, () => {
      throw new BeeHiveError(
        "Timeout",
        "No connection was free to look up the topics. Nothing was published. If the transactions hold every connection " +
          "of the pool that the provider shares, raise its max, or give the provider a url of its own.",
      );
    });
  }

  close(): void {
    this.#open.close();
  }

  /** Returns the parameter of `push_within_2`, and how many events each subscription gets. */
  #pushOf(events: readonly Event[]): { readonly text: string; readonly subscriptions: ReadonlyMap<number, number> } {
    const { topology, windowMs } = this.#parts;
    const known: { readonly destination: number; readonly id: string }[] = [];
    const outputs: Output[] = [];
    const kept: KeptOutput[] = [];
    const counts = new Map<number, number>();
    for (const event of events) {
      const to = topology.knownDestination(event) ?? { id: 0, kept: false, subscriptions: [] };
      const { id: destination, subscriptions } = to;
      const number = known.push({ destination, id: identityOf(event) });
      const { bytes, ...row } = messageOf(event);
      const content = { ...row, bytes: bytes ? Buffer.from(bytes).toString("base64") : undefined };
      const due = event.enqueueTime?.getTime() ?? 0;
      if (to.kept) {
        kept.push({ known: number, destination, key: event.partitionKey, due, ...content });
        for (const id of readersOf(to)) counts.set(id, (counts.get(id) ?? 0) + 1);
        continue;
      }
      for (const subscription of subscriptions) {
        const line = lineOf(subscription, event);
        outputs.push({ known: number, subscription: subscription.id, line, due, ...content });
        counts.set(subscription.id, (counts.get(subscription.id) ?? 0) + 1);
      }
    }
    const push = { topology: topology.version, window: windowMs, known, outputs, kept };
    return { text: JSON.stringify(push), subscriptions: counts };
  }
}

async function send(transaction: Transaction, push: string, client: PostgresClient): Promise<ResultRow> {
  const text = inSchema("SELECT what, n, xact FROM beehive.push_within_2($1::text)", client.schema);
  try {
    const [row] = (await transaction.query(text, [push])).rows;
    if (row === undefined) throw new Error("its query returned no row");
    return row as ResultRow;
  } catch (error) {
    throw failureWithin(error, client);
  }
}

function failureWithin(error: unknown, { where, schema }: PostgresClient): BeeHiveError {
  const known = translate(error, where);
  const code = codeOf(error);
  if (code === "42501") return known;
  if (/^(3F000|42883|42P01)$/.test(code))
    return new BeeHiveError(
      "InvalidConfiguration",
      `The transaction is in another database than the hive, since there is no schema "${schema}". Nothing was published.`,
      { cause: error },
    );
  return new BeeHiveError(
    known.code,
    `Nothing was published in the transaction: ${safeText(textOf(error), 512)}. Roll it back, and repeat it.`,
    { cause: error },
  );
}

/** A pool would run the statement outside of the transaction. */
function assertOneConnection(transaction: Transaction): void {
  if (!("totalCount" in transaction)) return;
  throw new BeeHiveError(
    "InvalidConfiguration",
    "within is a pool, which takes any of its connections. Take a client of the pool, BEGIN, and give that client.",
  );
}
