import { injects } from "beehive-actors";
import { chance } from "../chance.ts";
import { Seed } from "../seed.ts";

const refused = 0.1;

/**
 * Simulates a bank that identifies payments by order: a repeated request returns the same result and charges nothing.
 */
@injects(Seed)
export class PaymentGateway {
  constructor(private readonly seed: number) {}

  async authorise(orderId: string, _amount: number, _method: string): Promise<boolean> {
    return chance(this.seed, "payment", orderId) >= refused;
  }

  /** Refunds a payment in full. Repeatable. */
  async refund(_orderId: string): Promise<void> {}
}
