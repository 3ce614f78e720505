import type { Middleware } from "beehive-actors";
import { TracingActor } from "./actors/index.ts";

/** How often each thing happened, as far as this process saw: for people who watch, never for what must be right. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** How many events in all. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  count(eventType: string): void {
    this.#counts.set(eventType, this.of(eventType) + 1);
  }

  of(eventType: string): number {
    return this.#counts.get(eventType) ?? 0;
  }
}

/** Counts the events that were traced. As the outermost middleware it leaves out the attempts that failed. */
export function tallied(tally: Tally): Middleware {
  return async ({ eventType }, { descriptor }, next) => {
    const output = await next();
    if (descriptor.actorType === TracingActor) tally.count(eventType);
    return output;
  };
}
