import { ClockSteps } from "../../../src/base/clock-steps.ts";
import type { Messages } from "./messages.ts";

/**
 * Corrects leases and delays that a clock which was ahead made too long.
 *
 * Runs with the first lease call, since a process that has ended may have had such a clock, and whenever the clock of
 * this process is put back.
 */
export class ClockWatch {
  readonly #messages: Pick<Messages, "countAnew">;
  readonly #onCountedAnew: () => void;
  readonly #steps = new ClockSteps();
  #due = true;

  /** @param onCountedAnew Called when messages may be due earlier than before. */
  constructor(messages: Pick<Messages, "countAnew">, onCountedAnew: () => void) {
    this.#messages = messages;
    this.#onCountedAnew = onCountedAnew;
  }

  glance(now: number): void {
    if (this.#steps.back(now) > 0) this.#due = true;
    if (!this.#due) return;
    this.#due = false;
    this.#messages.countAnew(now).then(
      (changed) => {
        if (changed) this.#onCountedAnew();
      },
      () => {
        // The lease call reports why the file cannot be used. The next glance tries again.
        this.#due = true;
      },
    );
  }
}
