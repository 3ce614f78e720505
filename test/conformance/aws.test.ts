/**
 * Every contract on the AWS provider: over the real clients, on servers in this process, or with BEEHIVE_TEST_AWS=1 in
 * the account of the environment. Names in the account begin with the prefix of the run.
 */
import { leaseMs } from "../runner/patience.ts";
import { closeHolding } from "../support/close-holding.ts";
import { AwsProvider } from "../../providers/aws/index.ts";
import * as contracts from "../../src/testing/index.ts";
import { removeAll } from "../support/aws-cleanup.ts";
import { startAwsServers } from "../support/aws-servers.ts";
import { runContract } from "../support/run-contract.ts";
import { suite } from "../support/suite.ts";

const real = process.env["BEEHIVE_TEST_AWS"] === "1";
const servers = real ? undefined : await startAwsServers();
if (!real)
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" });

const run = Date.now().toString(36);
const clock = new contracts.ForgetfulClock();
const provider = new AwsProvider({
  clock,
  prefix: `beehive-test-${run}`,
  bucket: `beehive-test-${run}`,
  wait: "1s",
  logDelay: real ? "1s" : 50,
  endpoint: servers?.endpoint,
});
await provider.setup();
const names: string[] = [];
const subject: contracts.ContractSubject = {
  provider,
  clock,
  // A cloud needs time for a few calls.
  leaseMs: real ? 5_000 : leaseMs,
  newName() {
    const name = `Aws${run}x${names.length}`;
    names.push(name);
    return name;
  },
};

runContract("aws: queues", contracts.queueOperatorContract, subject);
runContract("aws: collections", contracts.collectionStoreContract, subject);
runContract("aws: keyed lists", contracts.keyedListStoreContract, subject);
runContract("aws: counters", contracts.counterStoreContract, subject);
runContract("aws: key-value", contracts.keyValueStoreContract, subject);
runContract("aws: locks", contracts.lockStoreContract, subject);
runContract("aws: steps", contracts.stepContract, subject);
runContract("aws: transactions", contracts.transactionContract, subject);
runContract("aws: entities", contracts.entitiesContract, subject);
runContract("aws: hive", contracts.hiveContract, subject);
runContract("aws: log", contracts.topicLogContract, subject);

const closing = suite("aws: close", { timeoutMs: real ? 600_000 : 10_000 });
closing("a closed provider leaves nothing that keeps the process", async () => {
  if (real) await removeAll(provider, `beehive-test-${run}`, names);
  await closeHolding(provider);
  await servers?.close();
});
closing.run();
