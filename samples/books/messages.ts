/** The messages of three services. A command has one receiver and may be refused; an event has happened. */
import { collectionStore, eventType, type Event, type EventOptions } from "beehive-actors";
import * as v from "valibot";

const entry = v.object({ entry: v.string(), debit: v.string(), credit: v.string(), amount: v.number() });

/** Commands go to the inbox of the house. The router knows who receives them. */
export const IssueInvoice = eventType(
  "IssueInvoice",
  v.object({ invoice: v.string(), customer: v.string(), amount: v.number() }),
);
export const PostEntry = eventType("PostEntry", entry);
export const ClosePeriod = eventType("ClosePeriod", v.object({ period: v.string() }));

export const InvoiceIssued = eventType("InvoiceIssued", v.object({ invoice: v.string(), amount: v.number() }));
export const EntryPosted = eventType("EntryPosted", entry);
export const EntryRefused = eventType("EntryRefused", v.object({ ...entry.entries, reason: v.string() }));
/** A global event: every service reads it. */
export const PeriodClosed = eventType("PeriodClosed", v.object({ period: v.string() }));

/** Sends a command: `command(PostEntry.create({ ... }), "debtors")`. */
export function command<Body>(event: Event<Body>, key: string, options: EventOptions = {}): Event<Body> {
  return event.clone({ ...options, queueName: "Inbox-", partitionKey: key });
}

/** The state of a service for the running period. */
export interface Period {
  readonly id: string;
  readonly closed: boolean;
}

export interface Sums {
  readonly id: string;
  readonly invoices: number;
  readonly posted: number;
  readonly refused: number;
  readonly amount: number;
}

export const LedgerPeriods = collectionStore<Period>("LedgerPeriods");
export const BillingPeriods = collectionStore<Period>("BillingPeriods");
export const Reports = collectionStore<Sums>("Reports");
/** The counters of balances, by account. */
export const balances = "Balances";
