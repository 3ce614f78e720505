import { ClockSteps } from "../../../src/base/clock-steps.ts";
import type { Messages } from "./messages.ts";

/**
 * Has leases and delays counted anew that a clock which was ahead made too long: when the file is first leased from, for
 * a process that has ended may have had such a clock, and whenever the clock of this one is put back.
 */
export class ClockWatch {
  readonly #messages: Pick<Messages, "countAnew">;
  readonly #onCountedAnew: () => void;
  readonly #steps = new ClockSteps();
  #due = true;

  /** @param onCountedAnew is called when messages may be due earlier than before. */
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
        // Whoever leases tells why the file cannot be used. The next glance tries again.
        this.#due = true;
      },
    );
  }
}
