import { collectionStore, eventType } from "beehive-actors";
import * as v from "valibot";

/** Version 1 called the player `user`, and did not know the time. */
interface LevelCompletedV1 {
  user: string;
  level: number;
}

export const LevelCompleted = eventType(
  "LevelCompleted",
  v.object({ player: v.string(), level: v.number(), seconds: v.number() }),
  {
    version: 2,
    upcasters: { 1: ({ user, level }: LevelCompletedV1) => ({ player: user, level, seconds: 0 }) },
    entry: true,
  },
);
export const ItemBought = eventType(
  "ItemBought",
  v.object({ player: v.string(), item: v.string(), coins: v.number() }),
  { entry: true },
);

/** The progress of one player. */
export interface Player {
  id: string;
  level: number;
  seconds: number;
}
export const Players = collectionStore<Player>("Players");

/** The counter of coins that a player spent on large items. */
export const largeSpending = "LargeSpending";
