// A stranger's program in an ES module, with standard decorators: one actor, one event, and out.
import { strictEqual } from "node:assert";
import { actorDescription, createHive, Event, type ProcessorActor } from "beehive-actors";

const greeted: string[] = [];

@actorDescription("Greeting-Hello")
class Greet implements ProcessorActor {
  async processAsync(event: Event): Promise<void> {
    greeted.push(event.getBody<{ name: string }>().name);
  }
}

const hive = await createHive({ actors: [Greet] });
await hive.setup();
await hive.start();
await hive.push(new Event("Greeting", { name: "Ada" }));
await hive.whenIdle();
await hive.stop();

strictEqual(greeted.join(), "Ada");
