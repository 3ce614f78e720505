import { setTimeout } from "node:timers/promises";
import { actorDescription, type ProcessorActor } from "beehive-actors";

@actorDescription("OrderPlaced-Slow")
export class SlowActor implements ProcessorActor {
  async processAsync() {
    console.log("began");
    await setTimeout(500);
    console.log("finished");
  }
}

@actorDescription("OrderPlaced-Endless")
export class EndlessActor implements ProcessorActor {
  processAsync(): Promise<void> {
    console.log("began");
    return new Promise(() => {});
  }
}
