// A stranger's program in plain JavaScript: an actor that is a function, one event, and out.
import { strictEqual } from "node:assert";
import { actor, createHive, eventType } from "beehive-actors";

const Greeting = eventType("Greeting");
const greeted = [];
const Greet = actor("Greeting-Hello", Greeting, {}, async ({ body }) => {
  greeted.push(body.name);
});

const hive = await createHive({ actors: [Greet] });
await hive.start();
await hive.push(Greeting.create({ name: "Ada" }));
await hive.whenIdle();
await hive.stop();

strictEqual(greeted.join(), "Ada");
