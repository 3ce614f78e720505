import { numberProblems, wholeMs, wholeNumber } from "../base/numbers.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import { silentLogger, type Logger } from "../base/logger.ts";
import type { Provider } from "../contract/provider.ts";
import { MemoryJournal } from "./memory-journal.ts";
import type { Journal, JournalOptions } from "./journal.ts";
import { StoredJournal } from "./stored-journal.ts";

/** Where a journal is kept unless somebody says: on a cloud it costs. */
const keptByDefault: ReadonlySet<string> = new Set(["memory", "sqlite"]);
const defaultAge = 7 * 24 * 60 * 60 * 1000;

/** Whether hives on that provider keep a journal in it unless they say otherwise. */
export function storesJournal({ name }: Pick<Provider, "name">): boolean {
  return name !== "memory" && keptByDefault.has(name);
}

/** What is wrong with the options, in words. */
export function journalProblems(journal: boolean | JournalOptions | undefined): string[] {
  if (typeof journal !== "object") return [];
  const { entries = 100, age = 60_000, subject: _, ...unknown } = journal;
  return [
    ...Object.keys(unknown).map((name) => `journal.${name} is not an option; there are subject, entries, age`),
    ...numberProblems("journal.entries", entries, wholeNumber(100)),
    ...numberProblems("journal.age", age, wholeMs(60_000)),
  ];
}

/** The journal of a hive on that provider; `undefined` when it keeps none. */
export function openJournal(
  journal: boolean | JournalOptions | undefined,
  provider: Provider,
  clock: Clock,
  logger: Logger,
): Journal | undefined {
  if (journal === false || (journal === undefined && !keptByDefault.has(provider.name))) return undefined;
  const { entries, age = defaultAge } = typeof journal === "object" ? journal : {};
  if (provider.name === "memory") return new MemoryJournal(entries ?? 2_000);
  return new StoredJournal({ stores: provider.stores, clock, logger, entries: entries ?? 100_000, age });
}

/**
 * The journal that hives keep in the store of a provider, to look things up in from outside of them: as
 * {@link observedEdges} and `beehive trace` do. Of `memory:` there is none, ask `hive.journal`.
 */
export function journalOf(provider: Provider): Journal {
  return new StoredJournal({
    stores: provider.stores,
    clock: systemClock,
    logger: silentLogger,
    entries: 100_000,
    age: defaultAge,
  });
}
