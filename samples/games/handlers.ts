import {
  actorDescription,
  counterStore,
  identityOf,
  injects,
  type CollectionStore,
  type CounterStore,
  type Event,
  type ProcessorActor,
  type TypedContext,
} from "beehive-actors";
import { ItemBought, largeSpending, LevelCompleted, Players, type Player } from "./events.ts";
import { onlyIf } from "./only-if.ts";

/** Follows each player in order: events carry the player as their partition key. */
@actorDescription("LevelCompleted-Progress", { event: LevelCompleted, ordered: true })
@injects(Players)
export class ProgressHandler implements ProcessorActor<typeof LevelCompleted> {
  constructor(readonly players: CollectionStore<Player>) {}

  async processAsync(_event: Event, { body }: TypedContext<typeof LevelCompleted>) {
    const { player: id, level, seconds } = body;
    const before = await this.players.find(id);
    // A repeated or older event changes nothing.
    if (before && before.level >= level) return;
    await this.players.upsert({ ...before, id, level, seconds: (before?.seconds ?? 0) + seconds });
  }
}

/** Counts what players spend on large items. */
@actorDescription("ItemBought-Spending", {
  event: ItemBought,
  middleware: [onlyIf(ItemBought, ({ coins }) => coins >= 100)],
})
@injects(counterStore)
export class SpendingHandler implements ProcessorActor<typeof ItemBought> {
  constructor(readonly counters: CounterStore) {}

  async processAsync(event: Event, { body: { player, coins } }: TypedContext<typeof ItemBought>) {
    await this.counters.increment(largeSpending, player, coins, { once: identityOf(event) });
  }
}
