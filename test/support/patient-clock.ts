import { ManualClock } from "beehive-actors/testing";

/** Maximum turns of the event loop before a poll asks: sometimes all polls wait for one of them. */
const turns = 3;

/** A manual clock that advances only after polls have done their work at the present time. */
export class PatientClock extends ManualClock {
  override async advance(ms: number): Promise<void> {
    const end = this.now() + ms;
    for (;;) {
      for (let turn = 0; turn < turns; turn++) await super.advance(0);
      const next = Math.min(end, this.next ?? end);
      if (next <= this.now() && this.now() >= end) return;
      await super.advance(Math.max(0, next - this.now()));
    }
  }
}
