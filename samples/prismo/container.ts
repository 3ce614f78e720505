import { Container } from "beehive-actors";
import { FraudChecker } from "./gateways/fraud-checker.ts";
import { PaymentGateway } from "./gateways/payment-gateway.ts";
import { Supplier } from "./gateways/supplier.ts";
import { Seed } from "./seed.ts";

/**
 * Returns the container of the shop.
 *
 * Gateways are singletons. The mailer writes to a store of the step, so it is made for each event and not bound here.
 */
export function prismoContainer(seed = 1): Container {
  const container = new Container();
  container.bind(Seed).toConstantValue(seed);
  container.bind(FraudChecker).toSelf().inSingletonScope();
  container.bind(PaymentGateway).toSelf().inSingletonScope();
  container.bind(Supplier).toSelf().inSingletonScope();
  return container;
}
