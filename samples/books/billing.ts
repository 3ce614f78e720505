/** The service that writes invoices. It asks the ledger for an entry by a command, and never writes in its books. */
import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import {
  BillingPeriods,
  command,
  InvoiceIssued,
  IssueInvoice,
  PeriodClosed,
  PostEntry,
  type Period,
} from "./messages.ts";

@actorDescription("IssueInvoice-Billing", { publishes: [InvoiceIssued, "Inbox-"], inheritPartitionKey: true })
export class IssueInvoiceActor implements ProcessorActor {
  async processAsync(event: Event): Promise<Event[]> {
    const { invoice, customer, amount } = IssueInvoice.read(event);
    const entry = PostEntry.create({ entry: invoice, debit: `debtor ${customer}`, credit: "revenue", amount });
    return [InvoiceIssued.create({ invoice, amount }), command(entry, customer)];
  }
}

@injects(BillingPeriods)
@actorDescription("PeriodClosed-Billing")
export class BillingClosedActor implements ProcessorActor {
  readonly #periods: CollectionStore<Period>;

  constructor(periods: CollectionStore<Period>) {
    this.#periods = periods;
  }

  async processAsync(event: Event): Promise<void> {
    await this.#periods.upsert({ id: PeriodClosed.read(event).period, closed: true });
  }
}
