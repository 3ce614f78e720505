/** Runs the three services and the router on one provider, and checks their books against the event store. */
import { actorsFrom, createHive, QueueName, type Event, type Hive, type Provider } from "beehive-actors";
import * as billing from "./billing.ts";
import * as ledger from "./ledger.ts";
import {
  balances,
  BillingPeriods,
  ClosePeriod,
  command,
  EntryPosted,
  IssueInvoice,
  LedgerPeriods,
  PostEntry,
  Reports,
} from "./messages.ts";
import * as reporting from "./reporting.ts";
import * as router from "./router.ts";

/** Each service is a process of its own in production: `beehive run samples/books/ledger.ts`. */
const services = { router, billing, ledger, reporting };

/** The event store: every topic keeps its events, for ever. */
const keep = { "*": "forever" } as const;

const customers = ["ada", "ben", "cleo"];

/** The outcome of a run, from the stores and the event store. */
export interface Report {
  readonly commands: number;
  readonly posted: number;
  readonly refused: number;
  /** Entries that were posted after the period was closed. */
  readonly late: number;
  /** The sum of all balances. */
  readonly sum: number;
  /** True if the balances follow from the event store alone. */
  readonly derived: boolean;
  /** The services that took part in the first invoice, as the event store has them. */
  readonly traced: readonly string[];
}

export async function runBooks(provider: Provider, invoices: number): Promise<Report> {
  const hives = await Promise.all(Object.values(services).map((actors) => createHive({ actors, provider, keep })));
  const [web] = hives as [Hive, ...Hive[]];
  try {
    await web.setup();
    if (await web.store(LedgerPeriods).exists(ledger.period))
      throw new Error(`The books of ${ledger.period} are closed here: name a provider without books.`);
    for (const hive of hives) await hive.start();
    const commands = Array.from({ length: invoices }, (_, index) => invoiceOf(index + 1));
    await web.push(commands);
    await idle(hives);
    await web.push(command(ClosePeriod.create({ period: ledger.period }), ledger.period));
    await idle(hives);
    // Comes too late: the ledger answers with an event, and throws nothing.
    const late = PostEntry.create({ entry: "late", debit: "cash", credit: "debtor ada", amount: 5 });
    await web.push(command(late, "ada"));
    await idle(hives);
    return await reportOf(web, commands);
  } finally {
    for (const hive of hives) await hive.stop();
  }
}

/** Returns an invoice; every tenth is of no amount, which the ledger refuses. */
function invoiceOf(number: number): Event {
  const customer = customers[number % customers.length] as string;
  const amount = number % 10 === 0 ? 0 : number;
  return command(IssueInvoice.create({ invoice: `invoice-${number}`, customer, amount }), customer, {
    id: `invoice-${number}`,
  });
}

/** Resolves when no service has work, since each hands work to the others. */
async function idle(hives: readonly Hive[]): Promise<void> {
  for (let calm = 0; calm < 2; calm++) for (const hive of hives) await hive.whenIdle();
}

async function reportOf(hive: Hive, commands: readonly Event[]): Promise<Report> {
  const { posted = 0, refused = 0 } = (await hive.store(Reports).find("running")) ?? {};
  const accounts = [...customers.map((customer) => `debtor ${customer}`), "revenue", "cash"];
  const kept = await balancesIn(hive);
  let [sum, derived] = [0, true];
  for (const account of accounts) {
    const balance = await hive.provider.stores.counters.get(balances, account);
    sum += balance;
    derived &&= balance === (kept.get(account) ?? 0);
  }
  const closed = (await hive.store(BillingPeriods).find(ledger.period))?.closed === true;
  return {
    commands: commands.length,
    posted,
    refused,
    late: closed ? await postedAfterClosing(hive) : -1,
    sum,
    derived,
    traced: await servicesOf(hive, commands[0] as Event),
  };
}

/** Returns the balances by account, from the event store alone. */
async function balancesIn(hive: Hive): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for await (const { event } of hive.log("EntryPosted").read()) {
    const { debit, credit, amount } = EntryPosted.read(event);
    found.set(debit, (found.get(debit) ?? 0) + amount);
    found.set(credit, (found.get(credit) ?? 0) - amount);
  }
  return found;
}

async function postedAfterClosing(hive: Hive): Promise<number> {
  let [late, closedAt] = [0, Infinity];
  for await (const { published } of hive.log("PeriodClosed").read()) closedAt = Math.min(closedAt, published.getTime());
  for await (const { published } of hive.log("EntryPosted").read()) if (published.getTime() > closedAt) late++;
  return late;
}

/** Returns the services whose topics the events of one process went through. */
async function servicesOf(hive: Hive, first: Event): Promise<string[]> {
  const topics = new Set<string>();
  for (const { event } of await hive.history({ correlationId: first.id }))
    topics.add(QueueName.parse(event.queueName).topic);
  const receivers = {
    router: "Inbox",
    billing: IssueInvoice.name,
    ledger: PostEntry.name,
    reporting: EntryPosted.name,
  };
  return Object.entries(receivers).flatMap(([service, topic]) => (topics.has(topic) ? [service] : []));
}

/** Returns the violated invariants, in words. */
export function problemsOf({ commands, posted, refused, late, sum, derived, traced }: Report): string[] {
  const missing = Object.keys(services).filter((service) => !traced.includes(service));
  return [
    // Each invoice has an entry; the late one is refused.
    ...when(
      posted + refused !== commands + 1,
      `${posted} entries are posted and ${refused} refused of ${commands + 1}`,
    ),
    ...when(late !== 0, `${late} entries are posted after the period was closed`),
    ...when(sum !== 0, `the balances add up to ${sum}`),
    ...when(!derived, "the balances do not follow from the event store"),
    ...when(missing.length > 0, `the event store tells nothing of ${missing.join(", ")}`),
  ];
}

function when(wrong: boolean, problem: string): string[] {
  return wrong ? [problem] : [];
}

/** Returns the subscriptions of each command, over all services: one, or it is no command. */
export function receiversOf(): ReadonlyMap<string, readonly string[]> {
  const names = Object.values(services).flatMap((actors) =>
    actorsFrom(actors).map(({ queueName }) => String(queueName)),
  );
  return new Map(
    [IssueInvoice, PostEntry, ClosePeriod].map(({ name }) => [name, names.filter((one) => one.startsWith(`${name}-`))]),
  );
}
