/** Which ids a file remembers, to drop duplicates. */
import * as assert from "uvu/assert";
import { SqliteClient } from "../../../providers/sqlite/file/client.ts";
import { defaultConfig } from "../../../providers/sqlite/config.ts";
import { RecentIds } from "../../../providers/sqlite/queues/recent-ids.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { sqliteFile } from "../../support/sqlite-file.ts";
import { suite } from "../../support/suite.ts";

const test = suite("sqlite: recent ids", { timeoutMs: 60_000 });
const windowMs = 1_000;

/** Ids of one file, as several processes note them. */
class Scene implements Disposable {
  readonly clock = new ManualClock();
  readonly #file = sqliteFile();
  readonly #clients: SqliteClient[] = [];

  /** One more process. */
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

test("given ids that others push again and again, then each of them is known", async () => {
  using scene = new Scene();
  const [here, there] = [scene.open(), scene.open()];
  assert.equal(await here("a"), [true]);
  assert.equal(await there("a", "b"), [false, true]);
  assert.equal(await here("b", "c"), [false, true]);
  assert.equal(await there("c", "a"), [false, false]);
});

test("given an id, then it is known for the window, whoever looks, and forgotten after two", async () => {
  using scene = new Scene();
  const here = scene.open();
  await here("a");
  await scene.clock.advance(windowMs - 1);
  await here("b");
  await scene.clock.advance(1);
  // This one begins a generation: the others are in the older.
  assert.equal(await here("c", "a", "b"), [true, false, false]);
  await scene.clock.advance(windowMs - 2);
  assert.equal(await here("b"), [false]);
  assert.equal(await scene.open()("b", "c"), [false, false]);
  await scene.clock.advance(windowMs + 2);
  assert.equal(await here("a", "b"), [true, true]);
});

test("given very many ids within the window, then all of them are known, here and there", async () => {
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

test("given more groups than are read at a time, when another opens the file, then it knows the ids of all", async () => {
  using scene = new Scene();
  const here = scene.open();
  for (let n = 0; n < 250; n++) await here(`id-${n}`);
  assert.equal(await scene.open()("id-0", "id-99", "id-100", "id-249", "new"), [false, false, false, false, true]);
});

test("given rows of no use any more, when groups are committed, then each deletes some until they are gone", async () => {
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

test.run();
