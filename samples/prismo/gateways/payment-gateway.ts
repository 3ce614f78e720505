import { injects } from "beehive-actors";
import { chance } from "../chance.ts";
import { Seed } from "../seed.ts";

const refused = 0.1;

/** The bank. It knows payments by the id of their order: asked again, it answers the same and charges nothing. */
@injects(Seed)
export class PaymentGateway {
  constructor(private readonly seed: number) {}

  async authorise(orderId: string, _amount: number, _method: string): Promise<boolean> {
    return chance(this.seed, "payment", orderId) >= refused;
  }

  /** Pays back all of it; what was paid back before stays so. */
  async refund(_orderId: string): Promise<void> {}
}
