import { actorDescription, createHive, Event, openProvider, silentLogger, type Hive } from "beehive-actors";
import { dashboard, serveDashboard, type Dashboard } from "beehive-actors/dashboard";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";

const test = suite("dead letters by the dashboard", { timeoutMs: 60_000 });

@actorDescription("Orders", { retry: { maxAttempts: 1 } })
class RefusingActor {
  async processAsync(): Promise<never> {
    throw new TypeError("refused");
  }
}

const own = { "content-type": "application/json", "x-beehive-dashboard": "1", "sec-fetch-site": "same-origin" };

interface Shop extends AsyncDisposable {
  readonly hive: Hive;
  readonly ops: Dashboard;
  readonly logged: unknown[];
}

/** A hive whose events all die, with these bodies. */
async function shopWith(...bodies: readonly (string | Uint8Array)[]): Promise<Shop> {
  const provider = await openProvider("memory:");
  const hive = await createHive({ actors: RefusingActor, provider, publishes: ["Sent"], logger: silentLogger });
  await hive.start();
  const events = bodies.map((_, n) => new Event("Order", undefined, { queueName: "Orders-Orders", id: `o-${n}` }));
  await hive.push(
    events.map((event, n) => {
      const body = bodies[n] ?? "";
      const contentType = typeof body === "string" ? "application/json" : "application/octet-stream";
      return Event.fromRecord({ ...event.toRecord(), body, contentType });
    }),
  );
  await hive.whenIdle();
  const logged: unknown[] = [];
  const logger = { ...silentLogger, error: (fields: unknown) => void logged.push(fields) };
  const ops = dashboard(hive, { authorize: () => ({ name: "ada", bodies: true }), logger });
  const close = async (): Promise<void> => {
    await hive.stop();
    await provider.close();
  };
  return { hive, ops, logged, [Symbol.asyncDispose]: close };
}

const act = (ops: Dashboard, name: string, given: object): Promise<Response> =>
  ops.fetch(
    new Request(`http://localhost/-/do/${name}`, { method: "POST", headers: own, body: JSON.stringify(given) }),
  );
const get = (ops: Dashboard, path: string): Promise<Response> => ops.fetch(new Request(`http://localhost/-/${path}`));

test("numbers of many digits survive that a body is shown, mended and sent", async () => {
  await using shop = await shopWith('{"id":12345678901234567890,"price":1.50}');
  const letter = (await (await get(shop.ops, "letter?queue=Orders&id=o-0")).json()) as { event: { body: string } };
  assert.is(letter.event.body, '{\n  "id": 12345678901234567890,\n  "price": 1.50\n}');
  const body = letter.event.body.replace("1.50", "2.50");
  assert.is((await act(shop.ops, "mend", { queue: "Orders", id: "o-0", body })).status, 200);
  await shop.hive.whenIdle();
  assert.is((await shop.hive.queue("Orders").letter("o-0")).event.body, body);
  const sent = { type: "Order", body: '{"id":12345678901234567890}', destination: "Orders-Orders", id: "s-1" };
  assert.is((await act(shop.ops, "send", sent)).status, 200);
  await shop.hive.whenIdle();
  assert.is((await shop.hive.queue("Orders").letter("s-1")).event.body, sent.body);
});

test("a body of bytes, shown as base64, is mended as bytes", async () => {
  await using shop = await shopWith(new Uint8Array([0, 255, 128]));
  assert.is((await act(shop.ops, "mend", { queue: "Orders", id: "o-0", body: "no base64!" })).status, 400);
  assert.is((await act(shop.ops, "mend", { queue: "Orders", id: "o-0", body: "/wCA" })).status, 200);
  await shop.hive.whenIdle();
  assert.equal((await shop.hive.queue("Orders").letter("o-0")).event.body, new Uint8Array([255, 0, 128]));
});

test("a mend with half a JSON text is refused, and says nothing of the body", async () => {
  await using shop = await shopWith('{"id":1}');
  const response = await act(shop.ops, "mend", { queue: "Orders", id: "o-0", body: '{"secretWord":' });
  assert.is(response.status, 400);
  assert.not.match(await response.text(), /secretWord/);
});

test("an export that fails in the middle never looks whole", async () => {
  await using shop = await shopWith("1", "2", "3");
  const { queues } = shop.hive.provider;
  const all = queues.deadLetters.bind(queues);
  const key = (await shop.hive.queue("Orders").letterGroups())[0]?.key;
  assert.is((await get(shop.ops, `export?queue=Orders-Nobody&group=${key}`)).status, 404);
  await using server = await serveDashboard(shop.ops, 0);
  const address = `http://127.0.0.1:${server.port}/-/export?queue=Orders&group=${key}`;
  const whole = await fetch(address);
  assert.is((await whole.text()).trim().split("\n").length, 3);
  let read = 0;
  queues.deadLetters = async function* (name) {
    for await (const letter of all(name)) {
      if (++read === 3) throw new Error("the database is down");
      yield letter;
    }
  };
  const broken = await fetch(address);
  const text = await broken.text().catch(() => undefined);
  assert.is(text, undefined, "the connection breaks off");
  assert.is(shop.logged.length, 1);
});

test("a letter that is gone is not found when it is requeued", async () => {
  await using shop = await shopWith("1");
  const text = await (await act(shop.ops, "requeue", { queue: "Orders", id: "letter-99" })).text();
  assert.match(text, /"end":"failed","detail":"The dead letters of \\"Orders\\" hold no/);
});

test("acts that fail in the middle are recorded with what they did", async () => {
  await using shop = await shopWith("1", "2", "3");
  const { queues } = shop.hive.provider;
  const drop = queues.drop.bind(queues);
  let dropped = 0;
  queues.drop = async (name, id) => {
    if (++dropped > 2) throw new Error("the database is down");
    await drop(name, id);
  };
  await shop.hive
    .queue("Orders")
    .drop({ all: true }, { by: "ada" })
    .catch(() => {});
  const acts: unknown[] = [];
  for await (const { by, act: name, on, detail } of shop.hive.operator.acts()) acts.push([by, name, on, detail]);
  assert.equal(acts, [["ada", "drop", "Orders", "2 dead letters"]]);
});

test.run();
