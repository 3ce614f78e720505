/** Every contract on the Azure provider, over the real SDKs. */
import { closeHolding } from "../support/close-holding.ts";
import { AzureProvider } from "../../providers/azure/index.ts";
import * as contracts from "../../src/testing/index.ts";
import { startAzureServers } from "../support/azure-servers.ts";
import { runContract } from "../support/run-contract.ts";
import { suite } from "../support/suite.ts";

const servers = await startAzureServers();
const clock = new contracts.ForgetfulClock();
const provider = await AzureProvider.open({ ...servers.options, clock });
const subject: contracts.ContractSubject = {
  provider,
  clock,
  leaseMs: servers.leaseMs,
  newName: servers.newName,
};

runContract("azure: queues", contracts.queueOperatorContract, subject);
runContract("azure: collections", contracts.collectionStoreContract, subject);
runContract("azure: keyed lists", contracts.keyedListStoreContract, subject);
runContract("azure: counters", contracts.counterStoreContract, subject);
runContract("azure: key-value", contracts.keyValueStoreContract, subject);
runContract("azure: locks", contracts.lockStoreContract, subject);
runContract("azure: steps", contracts.stepContract, subject);
runContract("azure: transactions", contracts.transactionContract, subject);
runContract("azure: entities", contracts.entitiesContract, subject);
runContract("azure: hive", contracts.hiveContract, subject);
runContract("azure: log", contracts.topicLogContract, subject);

const closing = suite("azure: close");
closing("a closed provider leaves nothing that keeps the process", async () => {
  await closeHolding(provider);
  await servers[Symbol.asyncDispose]();
});
closing.run();
