import { actorDescription, type Event, type ProcessorActor } from "beehive-actors";

/** Times of the pulses, from their events. */
export class Pulses {
  readonly times: string[] = [];

  actor(): new () => ProcessorActor {
    const { times } = this;
    @actorDescription("Tick-Count")
    class CountActor implements ProcessorActor {
      processAsync(event: Event): void {
        times.push(event.getBody<{ time: string }>().time.slice(11, 19));
      }
    }
    return CountActor;
  }
}
