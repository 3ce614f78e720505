/** The service that keeps the books: entries between two accounts, until the period is closed. */
import {
  actorDescription,
  counterStore,
  identityOf,
  injects,
  type CollectionStore,
  type CounterStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import {
  balances,
  ClosePeriod,
  EntryPosted,
  EntryRefused,
  LedgerPeriods,
  PeriodClosed,
  PostEntry,
  type Period,
} from "./messages.ts";

export const period = "2026-11";

@injects(counterStore, LedgerPeriods)
@actorDescription("PostEntry-Ledger", { publishes: [EntryPosted, EntryRefused], inheritPartitionKey: true })
export class PostEntryActor implements ProcessorActor {
  readonly #counters: CounterStore;
  readonly #periods: CollectionStore<Period>;

  constructor(counters: CounterStore, periods: CollectionStore<Period>) {
    this.#counters = counters;
    this.#periods = periods;
  }

  async processAsync(event: Event): Promise<Event[]> {
    const entry = PostEntry.read(event);
    if (entry.amount <= 0) return [EntryRefused.create({ ...entry, reason: "the amount is not above 0" })];
    if ((await this.#periods.find(period))?.closed)
      return [EntryRefused.create({ ...entry, reason: `${period} is closed` })];
    const id = identityOf(event);
    // Both sides and the event commit together, or none of them. Both may be one account.
    await this.#counters.increment(balances, entry.debit, entry.amount, { once: `${id}-debit` });
    await this.#counters.increment(balances, entry.credit, -entry.amount, { once: `${id}-credit` });
    return [EntryPosted.create(entry)];
  }
}

@injects(LedgerPeriods)
@actorDescription("ClosePeriod-Ledger", { publishes: [PeriodClosed], inheritPartitionKey: true })
export class ClosePeriodActor implements ProcessorActor {
  readonly #periods: CollectionStore<Period>;

  constructor(periods: CollectionStore<Period>) {
    this.#periods = periods;
  }

  async processAsync(event: Event): Promise<Event[]> {
    const { period: id } = ClosePeriod.read(event);
    await this.#periods.upsert({ id, closed: true });
    return [PeriodClosed.create({ period: id })];
  }
}
