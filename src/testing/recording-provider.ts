import { overriding } from "../base/overriding.ts";
import type { Codec } from "../contract/codec.ts";
import type { Provider } from "../contract/provider.ts";
import type { LeaseRequest } from "../contract/queue-operator.ts";
import type { DeliveryReport } from "../delivery/delivery.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import { turn } from "./settling.ts";

/** Events and deliveries of a hive since its start, in order. */
export class Recorder {
  /** Events published from outside any step, and log events. */
  readonly pushed: Event[] = [];
  readonly deliveries: DeliveryReport[] = [];
  /** The number of leases. */
  leased = 0;

  /** The number of leased events that are not settled. */
  get inFlight(): number {
    return this.leased - this.deliveries.length;
  }

  #coding = 0;
  #askedWhileCoding = 0;

  /** Grows with every change, and whenever it is asked while a codec works, which takes real time. */
  get changes(): number {
    if (this.#coding > 0) this.#askedWhileCoding++;
    return this.pushed.length + this.deliveries.length + this.leased + this.#askedWhileCoding;
  }

  /** Returns a codec whose work counts as a change until it is done. */
  watched(codec: Codec): Codec {
    const watch = async <T>(work: () => T | Promise<T>): Promise<T> => {
      this.#coding++;
      try {
        return await work();
      } finally {
        this.#coding--;
      }
    };
    return {
      encode: (plain, event) => watch(() => codec.encode(plain, event)),
      decode: (travelling, event) => watch(() => codec.decode(travelling, event)),
    };
  }
}

/** Returns a provider that records pushes and leases, and lets polls wait forever. */
export function recordingProvider(inner: Provider, recorder: Recorder): Provider {
  const { queues } = inner;
  return overriding(inner, {
    queues: overriding(queues, {
      push: async (events: readonly Event[]) => {
        const dropped = await queues.push(events);
        recorder.pushed.push(...events);
        return dropped;
      },
      lease: async (name: QueueName, request: LeaseRequest) => {
        // A turn of the event loop, so that an endless cascade cannot starve the test.
        await turn();
        // Without end: a virtual year must not consist of polls of 20 seconds.
        const leases = await queues.lease(name, { ...request, waitMs: Infinity });
        recorder.leased += leases.length;
        return leases;
      },
    }),
  });
}
