import { token, type Token } from "beehive-actors";

/** What decides the luck of a run: whose payment is refused, who is a fraud. */
export const Seed: Token<number> = token("Seed");
