import { bodyOf, createHive, eventType, openProvider, silentLogger, type Hive, type Provider } from "beehive-actors";
import { live, query, type Live, type LiveShape } from "beehive-actors/http";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { LiveStream, pageOrigin } from "../../../support/live-stream.ts";
import { suite } from "../../../support/suite.ts";

interface Price {
  readonly shop: string;
  readonly amount: number;
  readonly cost?: number;
}

const PriceChanged = eventType("PriceChanged", bodyOf<Price>());
const changed = (key: string, amount: number, shop = "a") =>
  PriceChanged.create({ shop, amount, cost: amount / 2 }, { partitionKey: key });

interface User {
  readonly name: string;
  readonly shops: string[];
}

const ada: User = { name: "ada", shops: ["a", "b"] };
const bob: User = { name: "bob", shops: ["b"] };

for (const kept of [true, false]) {
  const test = suite(`live changes of a topic that is ${kept ? "kept" : "not kept"}`);
  let clock: ManualClock;
  let provider: Provider;
  let hive: Hive;
  let push: Live<LiveShape>;

  const serve = (options: object = {}): Live<LiveShape> =>
    live(hive, {
      topics: [PriceChanged],
      queries: { pricesOf: query(PriceChanged, ["shop"], ({ body }, { shop }) => body.shop === shop) },
      user: ({ headers }) => [ada, bob].find(({ name }) => name === headers.get("x-user")),
      may: (user: User, { body }) => user.shops.includes(body.shop),
      logger: silentLogger,
      ...options,
    });
  const open = (user: string, ...messages: object[]): Promise<LiveStream> =>
    LiveStream.open(push, messages, { "x-user": user });
  const all = { subscribe: 1, to: "PriceChanged" };

  test.before.each(async () => {
    clock = new ManualClock();
    provider = await openProvider("memory:", { clock });
    const keep = kept ? { PriceChanged: "forever" as const } : {};
    hive = await createHive({ provider, publishes: [PriceChanged], keep, clock, logger: silentLogger });
    await hive.setup();
    push = serve();
  });
  test.after.each(async () => {
    await push.close();
    await hive.stop();
    await provider.close();
  });

  test("a change reaches those who may see it", async () => {
    const [adas, bobs] = [await open("ada", all), await open("bob", all)];
    assert.is((await adas.next())?.load, true);
    assert.is((await bobs.next())?.load, true);
    await hive.push([changed("lamp", 1, "a"), changed("desk", 2, "b")]);
    assert.equal(
      (await adas.bodies<Price>(2)).map(({ amount }) => amount),
      [1, 2],
    );
    assert.equal(
      (await bobs.bodies<Price>(1)).map(({ amount }) => amount),
      [2],
    );
    await Promise.all([adas.close(), bobs.close()]);
    assert.is(push.connections, 0);
  });

  test("a mask removes what a user may not see, for this user alone", async () => {
    await push.close();
    push = serve({
      mask: (user: User, { body }: { body: Price }) => (user === ada ? body : { ...body, cost: undefined }),
    });
    const [adas, bobs] = [await open("ada", all), await open("bob", all)];
    await Promise.all([adas.next(), bobs.next()]);
    await hive.push(changed("lamp", 8, "b"));
    assert.equal(await bobs.bodies(1), [{ shop: "b", amount: 8 }]);
    assert.equal(await adas.bodies(1), [{ shop: "b", amount: 8, cost: 4 }]);
  });

  test("a mask that changes the body in place fails, and shows it to nobody", async () => {
    await push.close();
    push = serve({ mask: (_: User, { body }: { body: { cost?: number } }) => (delete body.cost, body) });
    const adas = await open("ada", all);
    await adas.next();
    await hive.push(changed("lamp", 8));
    assert.equal(await adas.next(), { close: 1011 });
  });

  test("a permission that is revoked stops changes at once", async () => {
    const user: User = { name: "eve", shops: ["a"] };
    await push.close();
    push = serve({ user: () => user });
    const eves = await open("eve", all);
    await eves.next();
    await hive.push(changed("lamp", 1));
    assert.is((await eves.bodies<Price>(1))[0]?.amount, 1);
    user.shops.length = 0;
    await hive.push(changed("lamp", 2));
    await hive.push(changed("lamp", 3));
    user.shops.push("b");
    await hive.push(changed("lamp", 4, "b"));
    assert.is((await eves.bodies<Price>(1))[0]?.amount, 4);
  });

  test("a key, and a query with parameters, select changes", async () => {
    const adas = await open(
      "ada",
      { subscribe: 1, to: "PriceChanged", where: { key: "lamp" } },
      { subscribe: 2, to: "pricesOf", where: { shop: "b" } },
    );
    for (const id of [1, 2]) assert.is((await adas.next())?.at, id);
    await hive.push([changed("lamp", 1), changed("desk", 2), changed("desk", 3, "b"), changed("lamp", 4, "b")]);
    const seen: [number | undefined, number][] = [];
    while (seen.length < 4) {
      const message = await adas.next();
      if (!message) throw new Error("the stream ended");
      if (message.change) seen.push([message.on, (message.change.body as Price).amount]);
    }
    const of = (id: number): number[] => seen.filter(([on]) => on === id).map(([, amount]) => amount);
    assert.equal(of(1), [1, 4]);
    // Of two keys, and a topic that is not kept is in order by key.
    assert.equal(
      of(2).toSorted((a, b) => a - b),
      [3, 4],
    );
  });

  test("a query or a may selects by nothing but true", async () => {
    for (const no of [undefined, null, 0, Promise.resolve(false)]) {
      for (const options of [
        { queries: { pricesOf: query(PriceChanged, ["shop"], ({ body }) => (body.amount === 2 || no) as boolean) } },
        { may: (_user: User, { body }: { body: Price }) => body.amount === 2 || no },
      ]) {
        await push.close();
        push = serve(options);
        const adas = await open("ada", { subscribe: 1, to: "pricesOf", where: { shop: "a" } });
        await adas.next();
        await hive.push([changed("lamp", 1), changed("lamp", 2)]);
        assert.is((await adas.bodies<Price>(1))[0]?.amount, 2);
      }
    }
  });

  test("a user that is null, false or empty is a stranger", async () => {
    for (const none of [null, false, ""]) {
      await push.close();
      push = serve({ user: () => none });
      assert.is((await push.fetch(new Request(pageOrigin, { headers: { accept: "text/event-stream" } }))).status, 401);
    }
  });

  test("a browser that comes back goes on where it was, without a double", async () => {
    const first = await open("ada", all);
    await first.next();
    await hive.push([1, 2, 3].map((amount) => changed("lamp", amount)));
    let position: string | undefined;
    for (const amount of [1, 2]) {
      const message = await first.next();
      assert.equal(message?.change?.body, { shop: "a", amount, cost: amount / 2 });
      position = message?.position;
    }
    await first.close();
    await hive.push([4, 5].map((amount) => changed("lamp", amount)));
    const again = await open("ada", { ...all, after: position });
    assert.is((await again.next())?.load, undefined);
    await hive.push(changed("lamp", 6));
    assert.equal(
      (await again.bodies<Price>(4)).map(({ amount }) => amount),
      [3, 4, 5, 6],
    );
  });

  test("another process shows the rest, or lets the page load its state", async () => {
    const first = await open("ada", all);
    const position = (await first.next())?.position;
    await push.close();
    await hive.push(changed("lamp", 1));
    push = serve();
    const again = await open("ada", { ...all, after: position });
    assert.is((await again.next())?.load, kept ? undefined : true);
    await hive.push(changed("lamp", 2));
    assert.is((await again.bodies<Price>(1))[0]?.amount, kept ? 1 : 2);
  });

  test("a browser that comes back again and again gets each change once", async () => {
    // Begun before the first change, as its positions count in this process where the topic is not kept.
    await (await open("ada", all)).next();
    const count = 300;
    const publish = async (): Promise<void> => {
      for (let amount = 0; amount < count; amount++) await hive.push(changed("lamp", amount));
    };
    const publishing = publish();
    const seen: number[] = [];
    let after: string | undefined;
    for (let turn = 1; seen.length < count; turn++) {
      const stream = await open("ada", { ...all, after });
      const first = await stream.next();
      assert.is(first?.load, turn === 1 ? true : undefined);
      after = first?.position;
      if (turn === 1) seen.push(...Array.from({ length: Number(after?.split(":")[1]) }, (_, at) => at));
      for (let taken = 0; taken < (turn % 7) + 1 && seen.length < count; taken++) {
        const message = await stream.next();
        after = message?.position;
        if (message?.change) seen.push((message.change.body as Price).amount);
      }
      await stream.close();
    }
    await publishing;
    assert.equal(
      seen,
      Array.from({ length: count }, (_, at) => at),
    );
  });

  test("a browser that is too far behind loads its state", async () => {
    await push.close();
    push = serve({ maxBehind: 2 });
    const first = await open("ada", all);
    const position = (await first.next())?.position;
    await hive.push([1, 2, 3].map((amount) => changed("lamp", amount)));
    await first.bodies(3);
    assert.is((await (await open("ada", { ...all, after: position })).next())?.load, true);
    for (const after of ["log:99", "other:0", "log:-1", "", "x".repeat(500)])
      assert.is((await (await open("ada", { ...all, after })).next())?.load, true, after);
  });

  test("changes of a key stay in order where a permission takes time", async () => {
    await push.close();
    push = serve({
      may: async (_: User, { body }: { body: Price }) => {
        await new Promise<void>((resolve) => clock.after(10 - body.amount, resolve));
        return body.amount !== 3;
      },
    });
    const adas = await open("ada", all);
    await adas.next();
    await hive.push([1, 2, 3, 4, 5].map((amount) => changed("lamp", amount)));
    const found = adas.bodies<Price>(4);
    let isOver = false;
    const over = found.finally(() => (isOver = true));
    while (!isOver) await clock.advance(1);
    assert.equal(
      (await found).map(({ amount }) => amount),
      [1, 2, 4, 5],
    );
    await over;
  });

  test("a permission that fails closes the connection, which leaves no gap", async () => {
    await push.close();
    let isDown = true;
    push = serve({
      may: () => {
        if (isDown) throw new Error("the directory is down");
        return true;
      },
    });
    const first = await open("ada", all);
    const position = (await first.next())?.position;
    await hive.push(changed("lamp", 1));
    assert.equal(await first.next(), { close: 1011 });
    isDown = false;
    const again = await open("ada", { ...all, after: position });
    assert.is((await again.bodies<Price>(1))[0]?.amount, 1);
  });

  test("a change that cannot be read lets the page load its state", async () => {
    const adas = await open("ada", all);
    await adas.next();
    const newer = changed("lamp", 1).clone({ properties: { schemaVersion: 9 } });
    await hive.push([newer, changed("lamp", 2)]);
    assert.is((await adas.next())?.load, true);
    assert.is((await adas.bodies<Price>(1))[0]?.amount, 2);
  });

  test("a browser that takes nothing is cut off at a limit of bytes", async () => {
    await push.close();
    push = serve({ maxBuffered: 2_048 });
    const slow = await open("ada", all);
    await slow.next();
    const quick = await open("ada", all);
    await quick.next();
    for (let amount = 0; amount < 40; amount++) {
      await hive.push(changed("lamp", amount));
      assert.is((await quick.bodies<Price>(1))[0]?.amount, amount);
    }
    assert.is(push.connections, 1);
  });

  test("what cannot be subscribed to is refused, with the reason", async () => {
    await push.close();
    push = serve({ maxSubscriptions: 3 });
    const asked: readonly (readonly [object, RegExp])[] = [
      [{ to: "Nothing" }, /no topic or query "Nothing"/],
      [{ to: "pricesOf" }, /"shop" is missing/],
      [{ to: "pricesOf", where: { shop: "a", extra: "1" } }, /"extra" is no parameter/],
      [{ to: "PriceChanged", where: { shop: "a" } }, /"shop" is no parameter; there are: key/],
    ];
    for (const [message, reason] of asked) {
      const adas = await open("ada", { subscribe: 7, ...message });
      const { refused, error } = (await adas.next()) ?? {};
      assert.is(refused, 7);
      assert.match(error ?? "", reason);
    }
    const many = await open("ada", ...[1, 1, 2, 3, 4].map((subscribe) => ({ ...all, subscribe })));
    const refused = [await many.next(), await many.next()].map((message) => message?.error);
    assert.match(refused[0] ?? "", /subscription 1 already/);
    assert.match(refused[1] ?? "", /may have 3 subscriptions/);
  });

  test("a message that is none of the protocol ends the connection", async () => {
    for (const wrong of [
      5,
      null,
      {},
      { subscribe: "1", to: "x" },
      { subscribe: 1, to: 2 },
      { ...all, where: { key: 1 } },
    ]) {
      const adas = await open("ada", wrong as object);
      assert.equal(await adas.next(), { close: 1008 }, JSON.stringify(wrong));
    }
  });

  test("a stranger, another origin and a full process are refused", async () => {
    await push.close();
    push = serve({ maxConnections: 1, origins: ["https://shop.example"] });
    const status = async (headers: Record<string, string>): Promise<number> => {
      const stream = await LiveStream.open(push, [all], headers);
      await stream.close();
      return stream.response.status;
    };
    assert.is(await status({}), 401);
    assert.is(await status({ "x-user": "mallory" }), 401);
    const failing = serve({
      user: () => {
        throw new Error("the sessions are down");
      },
    });
    assert.is((await LiveStream.open(failing, [all])).response.status, 500);
    await failing.close();
    assert.is(await status({ "x-user": "ada", origin: "https://evil.example" }), 403);
    assert.is(await status({ "x-user": "ada", origin: "null" }), 403);
    assert.is(await status({ "x-user": "ada", "sec-fetch-site": "cross-site" }), 403);
    assert.is(await status({ "x-user": "ada", origin: pageOrigin }), 200);
    assert.is(await status({ "x-user": "ada", origin: "https://shop.example" }), 200);
    const adas = await open("ada", all);
    assert.is(await status({ "x-user": "ada" }), 503);
    await adas.close();
  });

  test("a user who signs out is cut off at the next check", async () => {
    await push.close();
    let isSignedIn = true;
    push = serve({ user: () => (isSignedIn ? ada : undefined), recheck: "1m" });
    const adas = await open("ada", all);
    await adas.next();
    await clock.advance("1m");
    isSignedIn = false;
    assert.is(push.connections, 1);
    await clock.advance("1m");
    assert.equal(await adas.next(), { close: 4401 });
  });

  test("a connection ends when nobody can tell its user any more", async () => {
    await push.close();
    let asked = 0;
    push = serve({ user: () => (asked++ === 0 ? ada : new Promise<never>(() => {})), recheck: "1m" });
    const adas = await open("ada", all);
    await adas.next();
    await clock.advance("2m");
    assert.equal(await adas.next(), { close: 1011 });
  });

  test("heartbeats name the position where no change is shown", async () => {
    await push.close();
    push = serve({ heartbeat: "10s" });
    const bobs = await open("bob", all);
    const before = (await bobs.next())?.position;
    await hive.push(changed("lamp", 1, "a"));
    // The first change that ada sees is one that the feed has handed out to bob, too.
    const adas = await open("ada", { ...all, after: before });
    const { position } = (await adas.next()) ?? {};
    assert.is(position, before);
    const shown = await adas.next();
    await clock.advance("10s");
    assert.equal(await bobs.next(), { at: 1, position: shown?.position });
  });

  test("a stream goes on after the last id, as EventSource asks", async () => {
    const url = `${pageOrigin}/live?to=PriceChanged&key=lamp`;
    const until = async (part: string, headers: Record<string, string> = {}): Promise<string> => {
      const { body } = await push.fetch(new Request(url, { headers: { "x-user": "ada", ...headers } }));
      let text = "";
      for await (const bytes of body ?? []) {
        text += new TextDecoder().decode(bytes);
        if (text.includes(part)) return text;
      }
      throw new Error(`the stream ended without ${part}`);
    };
    const id = /^id: (.*)$/m.exec(await until("id: "))?.[1] ?? "";
    await hive.push(changed("lamp", 5));
    assert.not.match(await until('"amount":5', { "last-event-id": id }), /"load"/);
  });

  test("a close sends browsers away, and leaves no subscription behind", async () => {
    const adas = await open("ada", all);
    await adas.next();
    await push.close();
    assert.equal(await adas.next(), { close: 1012 });
    const names = (await provider.queues.names?.())?.map(String) ?? [];
    assert.equal(
      names.filter((name) => name.includes("-Live")),
      [],
    );
  });

  test.run();
}

const test = suite("live");

test("options that cannot be are refused, all at once", async () => {
  const hive = await createHive({ logger: silentLogger });
  const wrong = {
    topics: [PriceChanged],
    user: () => ada,
    origins: ["shop.example"],
    maxBufered: 1,
    heartbeat: 0,
  };
  assert.throws(
    () => live(hive, wrong as never),
    ({ message }: Error) =>
      ["needs may", '"maxBufered" is no option', '"shop.example" is no origin', "heartbeat must be"].every((part) =>
        message.includes(part),
      ),
  );
  const shapeless = {
    topics: ["PriceChanged"],
    queries: { a: 5, b: { of: PriceChanged } },
    origins: "https://a.example",
  };
  assert.throws(
    () => live(hive, shapeless as never),
    ({ message }: Error) =>
      ["topics must be", "queries.a must be", "queries.b must be", "origins must be"].every((part) =>
        message.includes(part),
      ),
  );
  await hive.stop();
});

test("a browser whose position is no longer kept loads its state", async () => {
  const hive = await createHive({
    publishes: [PriceChanged],
    keep: { PriceChanged: { maxBytes: 200 } },
    logger: silentLogger,
  });
  await hive.setup();
  const push = live(hive, { topics: [PriceChanged], user: () => ada, may: () => true, logger: silentLogger });
  const all = { subscribe: 1, to: "PriceChanged" };
  const first = await LiveStream.open(push, [all]);
  const after = (await first.next())?.position;
  for (let amount = 0; amount < 100; amount++) await hive.push(changed("lamp", amount));
  await first.bodies(100);
  await hive.provider.queues.log?.trim();
  const again = await LiveStream.open(push, [{ ...all, after }]);
  const messages = [await again.next(), await again.next()];
  assert.ok(
    messages.some((message) => message?.load),
    "it is told to load its state",
  );
  await push.close();
  await hive.stop();
});

test("a subscription of a process that crashed is removed by another", async () => {
  const clock = new ManualClock();
  const provider = await openProvider("memory:", { clock });
  const hive = await createHive({ provider, publishes: [PriceChanged], clock, logger: silentLogger });
  await hive.setup();
  const serve = () => live(hive, { topics: [PriceChanged], user: () => ada, may: () => true, logger: silentLogger });
  const ofLive = async (): Promise<number> =>
    ((await provider.queues.names?.()) ?? []).filter((name) => String(name).includes("-Live")).length;
  const all = [{ subscribe: 1, to: "PriceChanged" }];
  // A process that crashed: its note is old, and it never closed.
  const crashed = serve();
  await (await LiveStream.open(crashed, all)).next();
  const note = provider.stores.collection<{ id: string; beat: number }>("LiveSubscriptions");
  for await (const { id } of note.all()) await note.upsert({ id, beat: clock.now() - 3_600_000 });
  assert.is(await ofLive(), 1);
  const next = serve();
  await (await LiveStream.open(next, all)).next();
  assert.is(await ofLive(), 1, "the old one is gone, the new one is there");
  await next.close();
  assert.is(await ofLive(), 0);
  await crashed.close();
  await hive.stop();
  await provider.close();
});

test.run();
