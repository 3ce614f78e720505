import * as assert from "uvu/assert";
import { SqliteClient } from "../../../providers/sqlite/file/client.ts";
import { defaultConfig } from "../../../providers/sqlite/config.ts";
import { Housekeeping } from "../../../providers/sqlite/housekeeping.ts";
import { SqliteRows } from "../../../providers/sqlite/stores/rows.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { RowContent } from "../../../src/provider-kit/rows.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: housekeeping");

test("a commit succeeds when free pages cannot be released", async () => {
  using file = sqliteFile();
  const clock = new ManualClock();
  const client = new SqliteClient({ ...defaultConfig, file: file.path }, clock);
  const rows = new SqliteRows(client);
  new Housekeeping(client, clock, rows);
  let tries = 0;
  client.maintain = () => {
    tries++;
    throw new BeeHiveError("Unavailable", "another process kept it locked");
  };
  const write = (content: RowContent | undefined): Promise<unknown> =>
    rows.writeAtomically(
      Array.from({ length: 3_000 }, (_, n) => ({
        key: { table: "t", partition: "", id: `${n}` },
        expect: "any" as const,
        content,
      })),
    );
  await write({ value: "x".repeat(5_000), etag: "1", modified: 0 });
  await clock.advance(2_000);
  await write(undefined);
  assert.is(tries, 1);
  assert.is(await client.write(() => "answered"), "answered");
  client.close();
});

test("expired items are deleted a little with each group", async () => {
  using file = sqliteFile();
  const clock = new ManualClock();
  const client = new SqliteClient({ ...defaultConfig, file: file.path }, clock);
  const rows = new SqliteRows(client);
  new Housekeeping(client, clock, rows);
  const expiring = (count: number): Promise<unknown> =>
    rows.writeAtomically(
      Array.from({ length: count }, (_, n) => ({
        key: { table: "t", partition: "", id: `${n}` },
        expect: "any" as const,
        content: { value: "x", etag: "1", modified: 0, expires: clock.now() + 10 },
      })),
    );
  const left = async (): Promise<number> => {
    await client.write(() => "a group");
    return (await rows.pageHeads({ table: "t", limit: 10_000 })).length;
  };
  await expiring(2_500);
  await clock.advance(2_000);
  assert.equal([await left(), await left(), await left()], [1_500, 500, 0]);
  await expiring(5);
  await clock.advance(999);
  assert.is(await left(), 5);
  await clock.advance(1);
  assert.is(await left(), 0);
  client.close();
});

test.run();
