import * as assert from "uvu/assert";
import { noPostgres, query } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("the shared PostgreSQL server", { skip: noPostgres });

test("it answers, in UTF-8", async () => {
  assert.equal(await query("SELECT current_setting('server_encoding') AS encoding"), [{ encoding: "UTF8" }]);
});

test.run();
