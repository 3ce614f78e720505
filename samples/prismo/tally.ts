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
