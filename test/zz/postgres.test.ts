/** Every contract on the PostgreSQL provider, on a real server. */
import { PostgresProvider } from "../../providers/postgres/index.ts";
import * as contracts from "../../src/testing/index.ts";
import { closeHolding } from "../support/close-holding.ts";
import { inTransaction, noPostgres, postgresSchema } from "../support/postgres-server.ts";
import { operating } from "../../src/testing/contracts/hive/operating.ts";
import { runContract } from "../support/run-contract.ts";
import { suite } from "../support/suite.ts";

const schema = postgresSchema();
const clock = new contracts.ForgetfulClock();
const provider = new PostgresProvider({ url: schema.url, clock });
let names = 0;
const subject: contracts.ContractSubject = {
  provider,
  clock,
  leaseMs: 1_000,
  newName: () => `Postgres${++names}`,
  transaction: inTransaction,
};

runContract("postgres: hive", operating, subject, noPostgres);

const closing = suite("postgres: close", { skip: noPostgres });
closing("a closed provider leaves nothing that keeps the process", async () => {
  await closeHolding(provider);
  await schema.drop();
});
closing.run();
