/** Reports of a run, for people or for programs. */
import type { Report } from "./app.ts";

const maxProblems = 20;

export function reportForPeople({ orders, shipped, cancelled, pending, emails, ...rest }: Report): string {
  const { duplicateEmails, negativeStock, stockBalanced, events, deadLetters, durationMs, p50Ms, p99Ms } = rest;
  return [
    `${plural(orders, "order")}: ${shipped} shipped, ${cancelled} cancelled, ${pending} pending`,
    `${plural(emails, "e-mail")}, ${duplicateEmails} of them sent twice`,
    `Stock ${stockBalanced ? "accounts for every item" : "does not add up"}, ${plural(negativeStock, "product")} below zero`,
    `${plural(events, "event")} in ${(durationMs / 1000).toFixed(1)} s (${perSecond(rest)}/s), ${plural(deadLetters, "dead letter")}`,
    `From accepted to shipped: ${p50Ms} ms for half of the orders, ${p99Ms} ms for 99 in 100`,
  ].join("\n");
}

export function reportAsJson({ problems: _, p50Ms, p99Ms, durationMs, ...counts }: Report): string {
  const eventsPerSecond = perSecond({ events: counts.events, durationMs });
  return JSON.stringify({ ...counts, durationMs: Math.round(durationMs), eventsPerSecond, p50Ms, p99Ms });
}

/** Returns the problems, up to a readable number. */
export function problemsOf({ problems, deadLetters }: Pick<Report, "problems" | "deadLetters">): string[] {
  const all = [...problems, ...(deadLetters > 0 ? [`${plural(deadLetters, "event")} could not be handled`] : [])];
  return shortened(all);
}

export function shortened(problems: readonly string[]): string[] {
  const more = problems.length - maxProblems;
  return [...problems.slice(0, maxProblems), ...(more > 0 ? [`... and ${more} more`] : [])];
}

function perSecond({ events, durationMs }: Pick<Report, "events" | "durationMs">): number {
  return Math.round((events / durationMs) * 1000);
}

export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
