/** Every contract on the memory provider. */
import { leaseMs } from "../runner/patience.ts";
import { closeHolding } from "../support/close-holding.ts";
import { MemoryProvider } from "../../providers/memory/index.ts";
import * as contracts from "../../src/testing/index.ts";
import { runContract } from "../support/run-contract.ts";
import { suite } from "../support/suite.ts";

const clock = new contracts.ForgetfulClock();
const provider = new MemoryProvider({ clock });
let names = 0;
const subject: contracts.ContractSubject = { provider, clock, leaseMs, newName: () => `Memory${++names}` };

runContract("memory: queues", contracts.queueOperatorContract, subject);
runContract("memory: collections", contracts.collectionStoreContract, subject);
runContract("memory: keyed lists", contracts.keyedListStoreContract, subject);
runContract("memory: counters", contracts.counterStoreContract, subject);
runContract("memory: key-value", contracts.keyValueStoreContract, subject);
runContract("memory: locks", contracts.lockStoreContract, subject);
runContract("memory: steps", contracts.stepContract, subject);
runContract("memory: transactions", contracts.transactionContract, subject);
runContract("memory: entities", contracts.entitiesContract, subject);
runContract("memory: hive", contracts.hiveContract, subject);
runContract("memory: log", contracts.topicLogContract, subject);

const closing = suite("memory: close");
closing("a closed provider leaves nothing that keeps the process", () => closeHolding(provider));
closing.run();
