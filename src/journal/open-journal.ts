import { checkedDuration } from "../base/checked-number.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import { durationProblems } from "../base/duration.ts";
import { silentLogger, type Logger } from "../base/logger.ts";
import { numberProblems, wholeMs, wholeNumber } from "../base/numbers.ts";
import { registeredProvider, type ProviderModule } from "../contract/provider-module.ts";
import { objectProblems } from "../base/problems.ts";
import type { Provider } from "../contract/provider.ts";
import { MemoryJournal } from "./memory-journal.ts";
import type { Journal, JournalOptions } from "./journal.ts";
import { StoredJournal } from "./stored-journal.ts";

const defaultAge = "7d";
const minAge = wholeMs(60_000);
const minEntries = wholeNumber(100);
const defaultEntries = { memory: 2_000, stored: 100_000 };

/** Returns where hives on a provider keep their journal by default. */
export function defaultJournal({ name }: Pick<Provider, "name">): ProviderModule["journal"] {
  return registeredProvider(name)?.journal ?? "off";
}

/** Returns what is wrong with the options, in words. */
export function journalProblems(journal: boolean | JournalOptions | undefined): string[] {
  if (journal === undefined || typeof journal === "boolean") return [];
  const problems = objectProblems("journal", journal);
  if (problems.length > 0) return problems;
  const { entries = 100, age = defaultAge, subject: _, ...unknown } = journal;
  return [
    ...Object.keys(unknown).map((name) => `journal.${name} is not an option; there are subject, entries, age`),
    ...numberProblems("journal.entries", entries, minEntries),
    ...durationProblems("journal.age", age, minAge),
  ];
}

/** Opens the journal of a hive on a provider; `undefined` when it keeps none. */
export function openJournal(
  journal: boolean | JournalOptions | undefined,
  provider: Provider,
  clock: Clock,
  logger: Logger,
): Journal | undefined {
  const byDefault = defaultJournal(provider);
  if (journal === false || (journal === undefined && byDefault === "off")) return undefined;
  const { entries, age = defaultAge } = typeof journal === "object" ? journal : {};
  if (byDefault === "memory") return new MemoryJournal(entries ?? defaultEntries.memory);
  const ageMs = checkedDuration("createHive", "journal.age", age, minAge);
  return new StoredJournal({
    stores: provider.stores,
    clock,
    logger,
    entries: entries ?? defaultEntries.stored,
    ageMs,
  });
}

/**
 * Opens the journal that hives keep in the stores of a provider, to read it from outside of them.
 *
 * A hive on `memory:` has its journal in its own process: see `hive.journal`.
 *
 * @example
 * const edges = await observedEdges(journalOf(provider));
 */
export function journalOf(provider: Provider): Journal {
  return new StoredJournal({
    stores: provider.stores,
    clock: systemClock,
    logger: silentLogger,
    entries: defaultEntries.stored,
    ageMs: checkedDuration("journalOf", "age", defaultAge, minAge),
  });
}
