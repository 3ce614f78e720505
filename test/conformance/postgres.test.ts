/** Every contract on the PostgreSQL provider, on a real server. */
import { PostgresProvider } from "../../providers/postgres/index.ts";
import * as contracts from "../../src/testing/index.ts";
import { leaseMs } from "../runner/patience.ts";
import { closeHolding } from "../support/close-holding.ts";
import { inTransaction, noPostgres, postgresSchema } from "../support/postgres-server.ts";
import { runContract } from "../support/run-contract.ts";
import { suite } from "../support/suite.ts";

const schema = postgresSchema();
const clock = new contracts.ForgetfulClock();
const provider = new PostgresProvider({ url: schema.url, clock });
let names = 0;
const subject: contracts.ContractSubject = {
  provider,
  clock,
  leaseMs,
  newName: () => `Postgres${++names}`,
  transaction: inTransaction,
};

runContract("postgres: queues", contracts.queueOperatorContract, subject, noPostgres);
runContract("postgres: collections", contracts.collectionStoreContract, subject, noPostgres);
runContract("postgres: keyed lists", contracts.keyedListStoreContract, subject, noPostgres);
runContract("postgres: counters", contracts.counterStoreContract, subject, noPostgres);
runContract("postgres: key-value", contracts.keyValueStoreContract, subject, noPostgres);
runContract("postgres: locks", contracts.lockStoreContract, subject, noPostgres);
runContract("postgres: steps", contracts.stepContract, subject, noPostgres);
runContract("postgres: transactions", contracts.transactionContract, subject, noPostgres);
runContract("postgres: entities", contracts.entitiesContract, subject, noPostgres);
runContract("postgres: hive", contracts.hiveContract, subject, noPostgres);
runContract("postgres: log", contracts.topicLogContract, subject, noPostgres);

const closing = suite("postgres: close", { skip: noPostgres });
closing("a closed provider leaves nothing that keeps the process", async () => {
  await closeHolding(provider);
  await schema.drop();
});
closing.run();
