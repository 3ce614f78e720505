import type { Batched } from "../../actors/actor.ts";
import type { Outcome } from "../../actors/outcome.ts";
import type { BeeHiveError } from "../../base/errors.ts";
import type { Event } from "../../events/event.ts";
import { Delivery } from "../delivery.ts";
import type { LeaseKeeper } from "../lease-keeper.ts";

/** An event in a batch, from its lease on: it waits for others, runs with them, and is settled by itself. */
export class BatchedDelivery extends Delivery implements Batched {
  /** The body, once it was read; `undefined` when the actor names no event type. */
  body: unknown = undefined;
  /** Called when the lease ends before it is settled. */
  onLost: ((reason: BeeHiveError) => void) | undefined;

  /** How it ended; `undefined` until it was settled. */
  outcome: Outcome | undefined;
  #keeping = false;

  get event(): Event {
    return this.lease.event;
  }

  get position(): number | undefined {
    return this.lease.position ?? this.lease.replayed?.position;
  }

  /** Has its lease renewed from now on, unless that is done or the lease was lost. */
  keep(keeper: LeaseKeeper, leaseMs: number): void {
    if (this.#keeping || this.cancelledBy) return;
    this.#keeping = true;
    this.kept = keeper.keep(this.lease, leaseMs, this);
  }

  /** Ends the renewals. Resolves when none is under way. */
  async stopKeeping(): Promise<void> {
    this.#keeping = false;
    await this.kept?.stop();
  }

  override abort(reason: BeeHiveError): void {
    super.abort(reason);
    this.onLost?.(reason);
  }
}
