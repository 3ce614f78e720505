import { token, type Token } from "beehive-actors";

/** Seed of a run's random numbers: refused payments and frauds. */
export const Seed: Token<number> = token("Seed");
