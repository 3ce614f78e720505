import type { Middleware } from "beehive-actors";
import { TracingActor } from "./actors/index.ts";

/** Counts events seen by this process, for display only. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** Number of all events. */
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

/** Counts traced events. As the outermost middleware it leaves out failed attempts. */
export function tallied(tally: Tally): Middleware {
  return async ({ eventType }, { descriptor }, next) => {
    const output = await next();
    if (descriptor.actorType === TracingActor) tally.count(eventType);
    return output;
  };
}
