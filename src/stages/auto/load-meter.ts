import type { ActorDescriptor, Middleware } from "../../actors/actor.ts";
import type { Clock } from "../../base/clock.ts";
import type { SeenLoad } from "./placement.ts";

/** The length of a window, in ms, and the windows that count: two for the load, ten for the longest turn. */
const windowMs = 60_000;
const loadWindows = 2;
const keptWindows = 10;
/** How long a subscription must be worked on before its load is told, in ms. */
const minSeenMs = 30_000;

interface Window {
  readonly from: number;
  busyMs: number;
  longestMs: number;
}

/** Measures how busy the subscriptions of a process are. */
export class LoadMeter {
  readonly #clock: Clock;
  /** By subscription, newest first. */
  readonly #windows = new Map<string, Window[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to measure a subscription. */
  begin(queue: string): void {
    this.#windows.set(queue, [this.#empty()]);
  }

  end(queue: string): void {
    this.#windows.delete(queue);
  }

  /** Returns an actor whose turns are measured. */
  measured(descriptor: ActorDescriptor): ActorDescriptor {
    const queue = descriptor.queueName.toString();
    const measure: Middleware = async (_event, _context, next) => {
      const startedAt = this.#clock.now();
      try {
        return await next();
      } finally {
        this.#add(queue, this.#clock.now() - startedAt);
      }
    };
    return { ...descriptor, middleware: [measure, ...descriptor.middleware] };
  }

  #add(queue: string, turnMs: number): void {
    const [window] = this.#rotated(queue);
    if (!window) return;
    window.busyMs += turnMs;
    window.longestMs = Math.max(window.longestMs, turnMs);
  }

  /** Returns the loads of the last minutes; those of subscriptions that were just begun are left out. */
  loads(): Readonly<Record<string, SeenLoad>> {
    const now = this.#clock.now();
    const loads: Record<string, SeenLoad> = {};
    for (const queue of this.#windows.keys()) {
      const windows = this.#rotated(queue);
      const lately = windows.slice(0, loadWindows);
      const seenMs = now - (lately.at(-1)?.from ?? now);
      if (seenMs < minSeenMs) continue;
      const busyMs = lately.reduce((sum, window) => sum + window.busyMs, 0);
      loads[queue] = { load: busyMs / seenMs, longestMs: Math.max(...windows.map(({ longestMs }) => longestMs)) };
    }
    return loads;
  }

  #rotated(queue: string): readonly Window[] {
    const windows = this.#windows.get(queue) ?? [];
    const [newest] = windows;
    if (newest && this.#clock.now() - newest.from >= windowMs) {
      windows.unshift(this.#empty());
      windows.splice(keptWindows);
    }
    return windows;
  }

  #empty(): Window {
    return { from: this.#clock.now(), busyMs: 0, longestMs: 0 };
  }
}
