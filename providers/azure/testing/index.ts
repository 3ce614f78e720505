export { ServiceBusBroker, type ServiceBusBrokerOptions } from "./broker.ts";
export type { Faults } from "./faults.ts";
