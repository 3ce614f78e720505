import { ServiceBusClient } from "@azure/service-bus";
import { ServiceBusBroker } from "../src/testing/service-bus/index.ts";
const broker = await ServiceBusBroker.start({ key: "secret" });
let t = Date.now();
const bad = new ServiceBusClient(broker.connectionString.replace("=secret", "=wrong"), { retryOptions: { maxRetries: 1, retryDelayInMs: 10, timeoutInMs: 3000 } });
try { await bad.createSender("q1").createMessageBatch(); } catch (e: any) { console.log(e, Object.keys(e),e.code, e.message, Date.now() - t); }
console.log("closing");
await bad.close();
await broker.stop(); console.log("stopped"); setTimeout(() => console.log(process.getActiveResourcesInfo()), 500).unref(); setTimeout(() => console.log(process.getActiveResourcesInfo()), 3000)
