import { eventType } from "beehive-actors";
import { given, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { ItemBought, largeSpending, LevelCompleted, Players } from "../../samples/games/events.ts";
import { ProgressHandler, SpendingHandler } from "../../samples/games/handlers.ts";
import { lossOf, reliabilities } from "../../samples/games/reliability.ts";
import { suite } from "../support/suite.ts";

const test = suite("the game of samples/games", { timeoutMs: 60_000 });

test("a player's levels are followed in order, also those of version 1", async () => {
  await using hive = await TestHive.start({ actors: [ProgressHandler, SpendingHandler] });
  const key = { partitionKey: "ada" };
  const old = eventType<{ user: string; level: number }>("LevelCompleted");
  await hive.push([
    old.create({ user: "ada", level: 1 }, key),
    LevelCompleted.create({ player: "ada", level: 2, seconds: 30 }, key),
    LevelCompleted.create({ player: "ada", level: 3, seconds: 12 }, key),
  ]);
  await hive.settle();
  const { level, seconds } = await hive.hive.store(Players).get("ada");
  assert.equal([level, seconds], [3, 42]);
});

test("an older level changes nothing", async () => {
  await given({ Players: [{ id: "ada", level: 5, seconds: 9 }] as never })
    .when(LevelCompleted.create({ player: "ada", level: 4, seconds: 1 }), ProgressHandler)
    .thenStores(async (stores) => {
      assert.is((await stores.collection<{ id: string; level: number }>("Players").get("ada")).level, 5);
    });
});

test("only large items are counted, and each once", async () => {
  await using hive = await TestHive.start({ actors: [ProgressHandler, SpendingHandler] });
  const sword = ItemBought.create({ player: "ada", item: "sword", coins: 150 });
  await hive.push([sword, ItemBought.create({ player: "ada", item: "apple", coins: 2 })]);
  await hive.settle();
  assert.is(await hive.stores.counters.get(largeSpending, "ada"), 150);
});

for (const reliability of reliabilities) {
  test(`a killed server with ${reliability} loses what its README says`, async () => {
    const { told, known } = await lossOf(reliability, 150, ["--import", "tsx", "-C", "beehive-source"]);
    assert.ok(told >= 150);
    if (reliability !== "fire-and-forget") assert.ok(known >= told, `${told - known} of ${told} are lost`);
  });
}

test.run();
