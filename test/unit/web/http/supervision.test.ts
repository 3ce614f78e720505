import { collectionStore, injects, token, type CollectionStore } from "beehive-actors";
import type { HandlerState, IngestHandler, IngestRequest } from "beehive-actors/http";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { edgeScene, type EdgeScene } from "../../../support/edge.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the supervision of handlers");

interface Seen {
  id: string;
}
const SeenIds = collectionStore<Seen>("SeenIds");

const restart = { minDelay: "1s", maxDelay: "1m", maxAttempts: 3, jitter: 0 } as const;
const stateOf = ({ edge }: EdgeScene, name = "broken"): HandlerState =>
  edge.handlers().find((one) => one.name === name) as HandlerState;

test("a handler that throws is restarted with growing waits", async () => {
  const clock = new ManualClock();
  const broken = () => {
    throw new Error("the password is hunter2");
  };
  await using scene = await edgeScene({ handlers: { broken, well: () => [] }, restart }, { clock });
  const status = async (name = "broken") => (await scene.send({}, { path: `/ingest/${name}` })).status;
  const first = await scene.send({}, { path: "/ingest/broken" });
  assert.is(first.status, 500);
  assert.not.match(JSON.stringify(first), "hunter2");
  assert.is(stateOf(scene).state, "restarting");
  assert.is(await status(), 503);
  assert.is(await status("well"), 200);
  await clock.advance(1_000);
  assert.is(stateOf(scene).state, "running");
  assert.is(await status(), 500);
  await clock.advance(1_000);
  assert.is(await status(), 503);
  await clock.advance(1_000);
  assert.is(await status(), 500);
  assert.is(stateOf(scene).state, "stopped");
  await clock.advance(600_000);
  assert.is(await status(), 503);
  assert.is(stateOf(scene).error, "Error");
  assert.ok(scene.edge.restart("broken"));
  assert.is(await status(), 500);
  assert.is(stateOf(scene).failures, 1);
});

test("a success ends a row of failures", async () => {
  const clock = new ManualClock();
  let fails = true;
  const broken = () => {
    if (fails) throw new Error("down");
  };
  await using scene = await edgeScene({ handlers: { broken }, restart }, { clock });
  for (fails of [true, true, false, true, true]) {
    await clock.advance(10_000);
    await scene.send({}, { path: "/ingest/broken" });
  }
  assert.is(stateOf(scene).state, "restarting");
  assert.is(stateOf(scene).failures, 2);
});

test("invalid content is no failure of a handler", async () => {
  const broken = { validate: () => "no", ingest: () => [] };
  await using scene = await edgeScene({ handlers: { broken }, restart });
  for (let n = 0; n < 5; n++) assert.is((await scene.send({}, { path: "/ingest/broken" })).status, 422);
  const { state, failures, requests, rejected } = stateOf(scene);
  assert.equal([state, failures, requests, rejected], ["running", 0, 5, 5]);
});

test("the others go on when one who joined fails", async () => {
  const join = () => true;
  await using scene = await edgeScene({
    handlers: {
      well: { join, ingest: () => [] },
      broken: {
        join,
        ingest: () => {
          throw new Error("down");
        },
      },
    },
  });
  const reply = await scene.send({});
  assert.is(reply.status, 207);
  assert.is(reply.handlers["well"]?.status, 200);
  assert.is(reply.handlers["broken"]?.status, 500);
  const next = await scene.send({});
  assert.is(next.status, 207);
  assert.is(next.handlers["broken"]?.status, 503);
});

test("requests that fail together are one failure", async () => {
  const clock = new ManualClock();
  const ends: (() => void)[] = [];
  const broken = () => new Promise<never>((_, reject) => ends.push(() => reject(new Error("down"))));
  await using scene = await edgeScene({ handlers: { broken }, restart }, { clock });
  const replies = [1, 2, 3, 4].map(() => scene.send({}, { path: "/ingest/broken" }));
  while (ends.length < 4) await new Promise((resolve) => setImmediate(resolve));
  for (const end of ends.slice(1)) end();
  assert.equal(await Promise.all(replies.slice(1).map(async (one) => (await one).status)), [500, 500, 500]);
  await clock.advance(1_000);
  ends[0]?.();
  assert.is((await replies[0])?.status, 500);
  assert.equal([stateOf(scene).state, stateOf(scene).failures], ["running", 1]);
});

test("a request that only a broken handler may want is 503", async () => {
  const broken = {
    join: () => {
      throw new Error("down");
    },
    ingest: () => [],
  };
  await using scene = await edgeScene({ handlers: { broken } });
  assert.is((await scene.send({})).status, 500);
  const next = await scene.send({});
  assert.is(next.status, 503);
  assert.ok(Number(next.headers.get("retry-after")) >= 1);
});

test("a handler that takes too long fails, and its signal aborts", async () => {
  const clock = new ManualClock();
  const aborted: boolean[] = [];
  const broken: IngestHandler = {
    timeout: "2s",
    ingest: ({ signal }: IngestRequest) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => (aborted.push(true), reject(new Error("aborted")))),
      ),
  };
  await using scene = await edgeScene({ handlers: { broken } }, { clock });
  const reply = scene.send({}, { path: "/ingest/broken" });
  await clock.advance(2_000);
  assert.is((await reply).status, 500);
  assert.match((await reply).handlers["broken"]?.error ?? "", "too long");
  assert.equal(aborted, [true]);
  assert.is(stateOf(scene).error, "Timeout");
});

test("a class is made with its dependencies, and anew after a failure", async () => {
  const clock = new ManualClock();
  let made = 0;
  @injects(SeenIds)
  class Broken implements IngestHandler {
    readonly seen: CollectionStore<Seen>;

    constructor(seen: CollectionStore<Seen>) {
      made++;
      this.seen = seen;
    }

    async ingest({ items: [item] }: IngestRequest) {
      await this.seen.insert(item?.value as Seen);
    }
  }
  await using scene = await edgeScene({ handlers: { broken: Broken } }, { clock });
  const status = async (id: string) => (await scene.send({ id }, { path: "/ingest/broken" })).status;
  assert.equal([await status("1"), await status("2")], [200, 200]);
  assert.is(made, 1);
  assert.ok(await scene.hive.store(SeenIds).exists("1"));
  assert.is(await status("1"), 500);
  await clock.advance(10_000);
  assert.is(await status("3"), 200);
  assert.is(made, 2);
});

test("a class whose dependency is missing fails its own requests only", async () => {
  const Missing = token<{ find(): string }>("Missing");
  @injects(Missing)
  class Broken implements IngestHandler {
    constructor(readonly missing: { find(): string }) {}
    ingest = () => [];
  }
  await using scene = await edgeScene({ handlers: { broken: Broken, well: () => [] } });
  assert.is((await scene.send({}, { path: "/ingest/broken" })).status, 500);
  assert.is(stateOf(scene).error, "Unresolvable");
  assert.is((await scene.send({}, { path: "/ingest/well" })).status, 200);
});

test("GET /handlers shows what each handler did", async () => {
  await using scene = await edgeScene({ handlers: { well: () => [] } });
  await scene.send({}, { path: "/ingest/well" });
  const response = await scene.edge.fetch(new Request("http://localhost/api/handlers"));
  const { handlers } = (await response.json()) as { readonly handlers: readonly object[] };
  assert.equal(handlers, [{ name: "well", state: "running", failures: 0, requests: 1, rejected: 0, events: 0 }]);
});

test.run();
