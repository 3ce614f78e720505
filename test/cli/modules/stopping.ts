import { actorDescription, type HiveOptions, type ProcessorActor } from "beehive-actors";

@actorDescription("OrderPlaced-Stopping", { supervision: [{ on: TypeError, action: "stop" }] })
export class StoppingActor implements ProcessorActor {
  async processAsync() {
    throw new TypeError("the disk is gone, password=hunter2");
  }
}

/** Called only when actors run. */
export const hive = (): Partial<HiveOptions> => {
  console.log("connected");
  return { defaults: { parallelism: 1 } };
};
