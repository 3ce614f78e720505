/** Every contract on the SQLite provider, with each installed driver. */
import { leaseMs } from "../runner/patience.ts";
import { closeHolding } from "../support/close-holding.ts";
import { availableDrivers } from "../../providers/sqlite/file/driver.ts";
import { SqliteProvider } from "../../providers/sqlite/index.ts";
import * as contracts from "../../src/testing/index.ts";
import { runContract } from "../support/run-contract.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

for (const driver of availableDrivers()) {
  const file = sqliteFile();
  const clock = new contracts.ForgetfulClock();
  const provider = new SqliteProvider({ file: file.path, driver, clock });
  let names = 0;
  const subject: contracts.ContractSubject = { provider, clock, leaseMs, newName: () => `Sqlite${++names}` };
  const on = `sqlite on ${driver}`;

  runContract(`${on}: queues`, contracts.queueOperatorContract, subject);
  runContract(`${on}: collections`, contracts.collectionStoreContract, subject);
  runContract(`${on}: keyed lists`, contracts.keyedListStoreContract, subject);
  runContract(`${on}: counters`, contracts.counterStoreContract, subject);
  runContract(`${on}: key-value`, contracts.keyValueStoreContract, subject);
  runContract(`${on}: locks`, contracts.lockStoreContract, subject);
  runContract(`${on}: steps`, contracts.stepContract, subject);
  runContract(`${on}: transactions`, contracts.transactionContract, subject);
  runContract(`${on}: entities`, contracts.entitiesContract, subject);
  runContract(`${on}: hive`, contracts.hiveContract, subject);
  runContract(`${on}: log`, contracts.topicLogContract, subject);

  const closing = suite(`${on}: close`);
  closing("a closed provider leaves nothing that keeps the process", async () => {
    await closeHolding(provider);
    file[Symbol.dispose]();
  });
  closing.run();
}
