/** The service that adds up. All of its state is derived from events, so the event store can rebuild it. */
import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import { EntryPosted, EntryRefused, InvoiceIssued, PeriodClosed, Reports, type Sums } from "./messages.ts";

const none = { invoices: 0, posted: 0, refused: 0, amount: 0 };

@injects(Reports)
@actorDescription("InvoiceIssued-Report")
@actorDescription("EntryPosted-Report")
@actorDescription("EntryRefused-Report")
@actorDescription("PeriodClosed-Report")
export class ReportActor implements ProcessorActor {
  readonly #reports: CollectionStore<Sums>;

  constructor(reports: CollectionStore<Sums>) {
    this.#reports = reports;
  }

  async processAsync(event: Event): Promise<void> {
    const running = (await this.#reports.find("running")) ?? { id: "running", ...none };
    if (PeriodClosed.is(event)) {
      // A copy under another id, without the etag of the original.
      const { invoices, posted, refused, amount } = running;
      await this.#reports.upsert({ id: PeriodClosed.read(event).period, invoices, posted, refused, amount });
    } else await this.#reports.upsert(added(running, event));
  }
}

function added(sums: Sums, event: Event): Sums {
  if (InvoiceIssued.is(event)) return { ...sums, invoices: sums.invoices + 1 };
  if (EntryRefused.is(event)) return { ...sums, refused: sums.refused + 1 };
  return { ...sums, posted: sums.posted + 1, amount: sums.amount + EntryPosted.read(event).amount };
}
