import type { Event } from "../../events/event.ts";
import type { Fault } from "./faults.ts";
import type { DeliveryRecord } from "./history.ts";
import type { Host, Scene } from "./scene.ts";

const beforeFirst: readonly Fault[] = ["crash", "freeze", "restart", "lease-lost", "outage", "throttled"];

/** Publishes events one after the other: a crash or an outage may come between any two. */
export class Publishing {
  readonly #scene: Scene;
  readonly #process: Host | undefined;

  constructor(scene: Scene, process?: Host) {
    this.#scene = scene;
    this.#process = process;
  }

  /** @param record The delivery whose outputs they are. @returns How many were dropped as duplicates. */
  async push(events: readonly Event[], record: DeliveryRecord | undefined): Promise<number> {
    const scene = this.#scene;
    let dropped = 0;
    for (const [index, event] of events.entries()) {
      const text = `publishing ${event.eventType}${record ? "" : ` ${event.id}`}`;
      const caller = scene.callerOf(this.#process, record, `publish ${event.eventType}`, text);
      await scene.before(caller, index === 0 ? beforeFirst : ["crash", "half-batch"]);
      dropped += (await this.#publish(event)) ?? 0;
      if (this.#process && !record) scene.history.pushed.push(event);
      if (record) record.outputs = [...record.outputs.filter(({ id }) => id !== event.id), event];
      await scene.after(caller, ["crash", "lost-answer"]);
    }
    return dropped;
  }

  async #publish(event: Event): Promise<number | undefined> {
    const { engine, history } = this.#scene;
    if (history.isRepeated(event, this.#scene.profile, this.#scene.world.now)) return 1;
    const dropped = await engine.queues.push([event]);
    history.published(event);
    return dropped;
  }
}
