import { ManualClock } from "beehive-actors/testing";

/** So many turns of the event loop a poll may take before it asks: now and then all polls wait for one. */
const turns = 3;

/** A manual clock that goes on only when what polls do at a time has been done. */
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
