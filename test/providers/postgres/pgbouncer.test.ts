/** The contracts through PgBouncer in statement and in transaction mode, where it is installed. */
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import * as contracts from "../../../src/testing/index.ts";
import { noPgBouncer, startPgBouncer } from "../../support/pgbouncer.ts";
import { inTransaction, postgresSchema } from "../../support/postgres-server.ts";
import { runContract } from "../../support/run-contract.ts";
import { suite } from "../../support/suite.ts";

if (noPgBouncer === undefined) {
  const bouncer = await startPgBouncer("statement");
  const schema = postgresSchema(bouncer.url);
  const clock = new contracts.ForgetfulClock();
  // It listens in vain, notices that, and looks for events.
  const provider = new PostgresProvider({ url: schema.url, clock, logger: silentLogger });
  let names = 0;
  const subject: contracts.ContractSubject = { provider, clock, leaseMs: 1_000, newName: () => `Bounced${++names}` };

  runContract("postgres through PgBouncer: queues", contracts.queueOperatorContract, subject);
  runContract("postgres through PgBouncer: counters", contracts.counterStoreContract, subject);
  runContract("postgres through PgBouncer: locks", contracts.lockStoreContract, subject);
  runContract("postgres through PgBouncer: steps", contracts.stepContract, subject);
  // In statement mode an application has no transaction to publish in.
  const withoutTransactions = contracts.hiveContract.filter(({ name }) => !name.endsWith("[transactions]"));
  runContract("postgres through PgBouncer: hive", withoutTransactions, subject);

  // In transaction mode it has one, on the connections of the pooler.
  const other = await startPgBouncer("transaction");
  const second = postgresSchema(other.url);
  const throughOther = new PostgresProvider({ url: second.url, clock, logger: silentLogger });
  const transacting: contracts.ContractSubject = {
    ...subject,
    provider: throughOther,
    transaction: (work) => inTransaction(work, other.url),
  };
  const withTransactions = contracts.hiveContract.filter(({ name }) => name.endsWith("[transactions]"));
  runContract("postgres through PgBouncer, transaction mode: steps", contracts.stepContract, transacting);
  runContract("postgres through PgBouncer, transaction mode: hive", withTransactions, transacting);

  const closing = suite("postgres through PgBouncer: close");
  closing("a closed provider leaves nothing that keeps the process", async () => {
    for (const one of [provider, throughOther]) await one.close();
    for (const one of [schema, second]) await one.drop();
    for (const one of [bouncer, other]) await one.stop();
  });
  closing.run();
} else {
  const missing = suite("postgres through PgBouncer");
  missing.skip("no contract runs", () => {});
  missing("it is skipped where it is not installed", () => console.log(`  skipped: ${noPgBouncer}`));
  missing.run();
}
