// The same program in a CommonJS module, which has neither import nor top-level await, and without decorators.
import assert = require("node:assert");
import beehive = require("beehive-actors");

const { actorDescription, createHive, Event } = beehive;
const greeted: string[] = [];

class Greet implements beehive.ProcessorActor {
  async processAsync(event: beehive.Event): Promise<void> {
    greeted.push(event.getBody<{ name: string }>().name);
  }
}
actorDescription("Greeting-Hello")(Greet);

async function main(): Promise<void> {
  const hive = await createHive({ actors: [Greet] });
  await hive.setup();
  await hive.start();
  await hive.push(new Event("Greeting", { name: "Ada" }));
  await hive.whenIdle();
  await hive.stop();
  assert.strictEqual(greeted.join(), "Ada");
}

void main();
