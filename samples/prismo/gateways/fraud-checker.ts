import { injects } from "beehive-actors";
import { chance } from "../chance.ts";
import type { Order } from "../entities.ts";
import { Seed } from "../seed.ts";

const fraudulent = 0.015;

/** Simulates an external fraud model. */
@injects(Seed)
export class FraudChecker {
  constructor(private readonly seed: number) {}

  async isFraudulent({ id }: Order): Promise<boolean> {
    return chance(this.seed, "fraud", id) < fraudulent;
  }
}
