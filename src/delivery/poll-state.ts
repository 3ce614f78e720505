/** How the polling of one subscription goes: what the health of a hive is told from. */
export class PollState {
  #askedAt: number | undefined;
  /** What the last request for events failed with; `undefined` when it was answered. */
  error: unknown;
  /** The loop has ended. */
  over = false;

  /** When the request under way began, in ms since the epoch; `undefined` when none is under way. */
  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  asking(now: number): void {
    this.#askedAt = now;
  }

  answered(error?: unknown): void {
    this.#askedAt = undefined;
    this.error = error;
  }
}
