/** The event ids that a file remembers to drop duplicates. */
import * as assert from "uvu/assert";
import { SqliteClient } from "../../../providers/sqlite/file/client.ts";
import { defaultConfig } from "../../../providers/sqlite/config.ts";
import { RecentIds } from "../../../providers/sqlite/queues/recent-ids.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";
import { sourceEvents, threeHops } from "../../support/three-hops.ts";

const test = suite("sqlite: recent ids", { timeoutMs: 60_000 });
const windowMs = 1_000;

/** The ids of one file, added by several processes. */
class Scene implements Disposable {
  readonly clock = new ManualClock();
  readonly #file = sqliteFile();
  readonly #clients: SqliteClient[] = [];

  /** Adds a process. */
  open(aheadMs: () => number = () => 0): (...ids: readonly string[]) => Promise<readonly boolean[]> {
    const client = new SqliteClient({ ...defaultConfig, file: this.#file.path }, this.clock);
    this.#clients.push(client);
    const recent = new RecentIds(client, windowMs);
    client.addHooks({ begun: () => client.changedByOthers() && recent.forget() });
    return async (...ids) => {
      const added = client.write(() => ids.map((id) => recent.add(1, id, this.clock.now() + aheadMs())));
      await this.clock.advance(0);
      return added;
    };
  }

  rows(): number {
    const query = "SELECT count(*) AS rows FROM recent_ids";
    return this.#clients[0]?.query<{ rows: number }>(query).get([])?.rows ?? 0;
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
    this.#file[Symbol.dispose]();
  }
}

test("ids that other processes push are known", async () => {
  using scene = new Scene();
  const [here, there] = [scene.open(), scene.open()];
  assert.equal(await here("a"), [true]);
  assert.equal(await there("a", "b"), [false, true]);
  assert.equal(await here("b", "c"), [false, true]);
  assert.equal(await there("c", "a"), [false, false]);
});

test("an id is known for one window and forgotten after two", async () => {
  using scene = new Scene();
  const here = scene.open();
  await here("a");
  await scene.clock.advance(windowMs - 1);
  await here("b");
  await scene.clock.advance(1);
  // The id "c" begins a generation; the others are in the older one.
  assert.equal(await here("c", "a", "b"), [true, false, false]);
  await scene.clock.advance(windowMs - 2);
  assert.equal(await here("b"), [false]);
  assert.equal(await scene.open()("b", "c"), [false, false]);
  await scene.clock.advance(windowMs + 2);
  assert.equal(await here("a", "b"), [true, true]);
});

test("very many ids in a window are known to all processes", async () => {
  using scene = new Scene();
  const here = scene.open();
  const idOf = (n: number): string => String(n).padStart(36, "0");
  const groups = 30;
  const each = 10_000;
  for (let group = 0; group < groups; group++) {
    const ids = Array.from({ length: each }, (_, n) => idOf(group * each + n));
    assert.ok((await here(...ids)).every(Boolean));
  }
  const some = [0, 130_000, groups * each - 1].map(idOf);
  assert.equal(await here(...some), [false, false, false]);
  assert.equal(await scene.open()(...some), [false, false, false]);
});

test("a process that opens the file reads the ids of all groups", async () => {
  using scene = new Scene();
  const here = scene.open();
  for (let n = 0; n < 250; n++) await here(`id-${n}`);
  assert.equal(await scene.open()("id-0", "id-99", "id-100", "id-249", "new"), [false, false, false, false, true]);
});

test("expired rows of ids are deleted a few with each group", async () => {
  using scene = new Scene();
  const here = scene.open();
  for (let n = 0; n < 250; n++) await here(`id-${n}`);
  await scene.clock.advance(windowMs);
  await here("young");
  await scene.clock.advance(windowMs);
  await here("younger");
  const left = [scene.rows()];
  for (let n = 0; n < 4; n++) {
    await here(`later-${n}`);
    left.push(scene.rows());
  }
  assert.equal(left, [152, 53, 4, 5, 6]);
});

const year = 365 * 24 * 3_600_000;

test("the clock of another process that is ahead empties no window", async () => {
  using scene = new Scene();
  const [here, there] = [scene.open(), scene.open(() => year)];
  await here("a");
  for (const id of ["b", "c"]) {
    await there(id);
    assert.equal(await here("a", "b", "d"), [false, false, id === "b"]);
    assert.equal(await there("b"), [false]);
  }
  await scene.clock.advance(windowMs);
  await here("e");
  await scene.clock.advance(windowMs);
  assert.equal(await here("a", "b"), [true, true]);
});

test("a clock that is put back keeps ids for two windows at most", async () => {
  using scene = new Scene();
  let aheadMs = year;
  const here = scene.open(() => aheadMs);
  await here("a");
  aheadMs = 0;
  assert.equal(await here("a", "b"), [false, true]);
  await scene.clock.advance(windowMs);
  assert.equal(await here("a", "c"), [false, true]);
  await scene.clock.advance(windowMs);
  assert.equal(await here("a", "b"), [true, true]);
});

test("ids of a clock that was ahead are forgotten in processes that end", async () => {
  using scene = new Scene();
  await scene.open(() => year)("a");
  await scene.open()("b");
  await scene.clock.advance(windowMs - 1);
  assert.equal(await scene.open()("a", "b"), [false, false]);
  await scene.clock.advance(windowMs);
  assert.equal(await scene.open()("c", "a"), [true, false]);
  await scene.clock.advance(2 * windowMs);
  assert.equal(await scene.open()("a", "b"), [true, true]);
});

test("ids that steps gave their outputs are not remembered", async () => {
  using file = sqliteFile();
  const hive = await threeHops(`sqlite:${file.path}`);
  await hive.start();
  await hive.push(sourceEvents(3));
  await hive.whenIdle();
  await hive.stop();
  const client = new SqliteClient({ ...defaultConfig, file: file.path }, new ManualClock());
  const remembered = client
    .query<{ topic: string; ids: number }>(
      "SELECT name AS topic, json_array_length(value) AS ids FROM recent_ids, json_each(recent_ids.ids) AS each " +
        "JOIN destinations ON destinations.id = each.key",
    )
    .all([]);
  client.close();
  assert.equal(
    remembered.map(({ topic, ids }) => ({ topic, ids })),
    [{ topic: "A-", ids: 3 }],
  );
});

test.run();
