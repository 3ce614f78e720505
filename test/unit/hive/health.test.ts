import { once } from "node:events";
import { connect } from "node:net";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { createHive, type HiveOptions } from "../../../src/hive/hive.ts";
import { BeeHiveError, PauseSubscription } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { eventType } from "../../../src/events/event-type.ts";
import { healthServer } from "../../../src/hive/health-server.ts";
import { HeldKeys } from "../../../src/delivery/held-keys.ts";
import { circuitBreaker } from "../../../src/actors/middleware/circuit-breaker.ts";
import type { Health } from "../../../src/hive/health.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import type { Lease, QueueOperator } from "../../../src/contract/queue-operator.ts";
import { actor, tampered } from "../../../src/testing/contracts/hive/harness.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { PatientClock } from "../../support/patient-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("the health of a hive");

const idle = actor("Healthy-Actor", () => []);
const options = { actors: idle, logger: silentLogger } satisfies HiveOptions;
const secret = "AccountKey=hunter2";
const gone = (): never => {
  throw new BeeHiveError("Unavailable", `no answer from host;${secret}`);
};

function providerWith(clock: ManualClock, changes: Partial<QueueOperator>): Provider {
  return tampered(new MemoryProvider({ clock }), changes);
}

const brief = ({ live, ready, detail }: Health): unknown[] => [live, ready, detail.state];

test("a hive is ready while it runs, and live until it has stopped", async () => {
  let finish = (): void => {};
  const slow = actor("Slow-Actor", () => new Promise<void>((resolve) => (finish = resolve)));
  const hive = await createHive({ ...options, actors: slow });
  assert.equal(brief(await hive.health()), [true, false, "new"]);
  await hive.start();
  assert.equal(brief(await hive.health()), [true, true, "running"]);
  await hive.push(new Event("Slow"));
  while ((await hive.health()).detail.actors[0]?.inFlight !== 1) await new Promise(setImmediate);
  const stopping = hive.stop();
  await new Promise(setImmediate);
  assert.equal(brief(await hive.health()), [true, false, "stopping"]);
  finish();
  await stopping;
  assert.equal(brief(await hive.health()), [false, false, "stopped"]);
});

test("a stuck subscription is told apart from a slow one", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  let finish = (): void => {};
  const slow = actor("Paced-Actor", () => new Promise<void>((resolve) => (finish = resolve)), { parallelism: 1 });
  const hive = await createHive({ ...options, clock, provider, actors: slow, keep: { Paced: "forever" } });
  const look = async (): Promise<readonly unknown[]> => {
    const [found] = (await hive.health()).detail.actors;
    return [found?.lag?.behind, found?.lag?.ageMs, found?.lag?.state, found?.lag?.since?.getTime()];
  };
  await hive.start();
  const start = clock.now();
  assert.equal(await look(), [0, 0, "none", undefined]);
  await hive.push([new Event("Paced", 1), new Event("Paced", 2)]);
  await clock.advance(60_000);
  assert.equal(await look(), [2, 60_000, "slow", undefined]);
  await clock.advance(60_000);
  await hive.push(new Event("Paced", 3));
  const stalled = start + 60_000;
  await clock.advance(60_000);
  assert.equal(await look(), [3, 180_000, "stuck", stalled]);
  finish();
  await clock.advance(60_000);
  assert.equal(await look(), [2, 240_000, "slow", undefined]);
  await clock.advance(119_000);
  assert.equal((await look())[2], "slow");
  await clock.advance(1_000);
  assert.equal((await look())[2], "slow", "an answer is reused for 5 s");
  await clock.advance(5_000);
  assert.equal((await look())[2], "stuck");
  const stopped = hive.stop({ deadline: 0 });
  await clock.advance(10_000);
  await stopped;
});

test("/metrics/lag tells autoscalers the lag of each subscription", async () => {
  const stuck = actor("Scaled-Slow", () => new Promise<void>(() => {}));
  const clock = new ManualClock(Date.now());
  let fails = false;
  const flaky = providerWith(clock, { missing: async () => (fails ? gone() : []) });
  const hive = await createHive({
    ...options,
    actors: [stuck, actor("Unkept-Actor", () => {})],
    keep: { Scaled: "forever" },
    provider: flaky,
    clock,
  });
  await using server = await healthServer(hive, { port: 0 });
  const ask = async (): Promise<readonly [number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}/metrics/lag`);
    return [response.status, await response.json()];
  };
  assert.equal((await ask())[0], 503, "before the start");
  await hive.start();
  await hive.push([new Event("Scaled", 1), new Event("Scaled", 2)]);
  const [status, body] = await ask();
  const { subscriptions } = body as { subscriptions: Record<string, { behind: number; ageMs: number; state: string }> };
  assert.equal([status, Object.keys(subscriptions)], [200, ["Scaled-Slow"]]);
  assert.equal([subscriptions["Scaled-Slow"]?.behind, subscriptions["Scaled-Slow"]?.state], [2, "slow"]);
  assert.type(subscriptions["Scaled-Slow"]?.ageMs, "number");
  fails = true;
  await clock.advance(6_000);
  assert.equal(await ask(), [503, { error: "Unavailable" }]);
  const stopped = hive.stop({ deadline: 0 });
  await clock.advance(10_000);
  await stopped;
});

test("health says how far a subscription of a kept topic is behind", async () => {
  const stuck = actor("Kept-Slow", () => new Promise<void>(() => {}));
  const actors = [stuck, actor("Other-Actor", () => {})];
  const hive = await createHive({ ...options, actors, keep: { Kept: "forever" } });
  await hive.start();
  const before = Date.now();
  await hive.push([new Event("Kept", 1), new Event("Kept", 2), new Event("Other", 3)]);
  const lags = (await hive.health()).detail.actors.map(({ lag }) => lag);
  assert.equal([lags[0]?.behind, lags[1]], [2, undefined]);
  assert.ok((lags[0]?.oldest?.getTime() ?? 0) >= before - 1_000);
  assert.is((await hive.health({ askProvider: false })).detail.actors[0]?.lag, undefined);
  await hive.stop({ deadline: 0 });
});

test("warnings of the provider are told, and the hive is ready", async () => {
  const provider = Object.assign(new MemoryProvider(), { warnings: async () => ["something grows"] });
  const hive = await createHive({ ...options, provider });
  await hive.start();
  const { ready, detail } = await hive.health();
  assert.equal([ready, detail.provider.warnings], [true, ["something grows"]]);
  await hive.stop();
  await provider.close();
});

test("an unresponsive provider means live, not ready after 800 ms, Timeout", async () => {
  const clock = new ManualClock();
  let asked = 0;
  const missing = async (): Promise<never> => {
    asked++;
    return await new Promise(() => {});
  };
  await using hive = await createHive({ ...options, clock, provider: providerWith(clock, { missing }) });
  await hive.start();
  const health = hive.health();
  const again = hive.health();
  await clock.advance(800);
  assert.equal(brief(await health), [true, false, "running"]);
  assert.is((await again).detail.provider.error, "Timeout");
  assert.is(asked, 1, "two probes at once ask once");
  assert.equal(brief(await hive.health({ askProvider: false })), [true, false, "running"]);
  assert.is(asked, 1);
});

test("a response of the provider is reused for 5 s", async () => {
  const clock = new ManualClock();
  let asked = 0;
  const provider = new MemoryProvider({ clock });
  const counted = tampered(provider, {
    missing: async (specs) => {
      asked++;
      return provider.queues.missing(specs);
    },
  });
  await using hive = await createHive({ ...options, clock, provider: counted });
  await hive.start();
  for (let second = 0; second < 5; second++) {
    assert.is((await hive.health()).ready, true);
    await clock.advance(1_000);
  }
  assert.is(asked, 1);
  const { pending } = clock;
  await hive.health();
  assert.is(asked, 2);
  assert.is(clock.pending, pending, "no timer is left");
});

test("a missing queue means not ready, and is named", async () => {
  const clock = new ManualClock();
  await using hive = await createHive({ ...options, clock });
  await hive.start();
  const [{ queueName }] = hive.descriptors as [(typeof hive.descriptors)[number]];
  await hive.provider.queues.delete(queueName);
  const { ready, detail } = await hive.health();
  assert.equal([ready, detail.provider.state, detail.provider.missing], [false, "failed", ["Healthy-Actor"]]);
});

test("failing polls mean live and not ready, without secrets", async () => {
  const clock = new ManualClock();
  let down = true;
  let unreachable = true;
  const provider = new MemoryProvider({ clock });
  const failing = tampered(provider, {
    lease: async (name, request) => (down ? gone() : provider.queues.lease(name, request)),
    missing: async (specs) => (unreachable ? gone() : provider.queues.missing(specs)),
  });
  await using hive = await createHive({ ...options, clock, provider: failing });
  await hive.start();
  await clock.advance(1);
  const health = await hive.health();
  assert.equal(brief(health), [true, false, "running"]);
  const [{ polling, error } = { polling: "", error: "" }] = health.detail.actors;
  assert.equal([polling, error, health.detail.provider.error], ["failing", "Unavailable", "Unavailable"]);
  assert.not.match(JSON.stringify(health), "hunter2");
  unreachable = false;
  await clock.advance(5_000);
  assert.equal(brief(await hive.health()), [true, false, "running"]);
  down = false;
  await clock.advance(10_000);
  await hive.push(new Event("Healthy"));
  await clock.advance(1);
  assert.equal(brief(await hive.health()), [true, true, "running"]);
});

test("a poll that is stuck for two minutes means not live", async () => {
  const clock = new ManualClock();
  const lease = (_name: unknown, { signal }: { readonly signal: AbortSignal }): Promise<never[]> =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve([])));
  await using hive = await createHive({ ...options, clock, provider: providerWith(clock, { lease }) });
  await hive.start();
  await clock.advance(120_000);
  assert.is((await hive.health()).live, true);
  await clock.advance(1);
  const { live, detail } = await hive.health();
  assert.equal([live, detail.actors[0]?.polling], [false, "stuck"]);
});

test("the health server returns 200 or 503 with JSON, on loopback", async () => {
  const hive = await createHive(options);
  const server = await healthServer(hive, { port: 0 });
  const probe = async (path: string): Promise<[number, Record<string, unknown>]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return [response.status, (await response.json()) as Record<string, unknown>];
  };
  assert.equal((await probe("/ready"))[0], 503);
  await hive.start();
  const [status, body] = await probe("/ready");
  assert.equal([status, body["ready"], Object.keys(body)], [200, true, ["live", "ready", "detail"]]);
  assert.equal((await probe("/live?verbose"))[0], 200);
  assert.equal((await probe("/metrics"))[0], 404);
  const posted = await fetch(`http://127.0.0.1:${server.port}/live`, { method: "POST" });
  assert.is(posted.status, 405);
  await posted.arrayBuffer();
  await hive.stop();
  assert.equal((await probe("/live"))[0], 503);
  await server.close();
});

test("/live does not ask an unresponsive provider", async () => {
  const clock = new ManualClock();
  const missing = (): Promise<never> => new Promise(() => {});
  const hive = await createHive({ ...options, clock, provider: providerWith(clock, { missing }) });
  await hive.start();
  await using server = await healthServer(hive, { port: 0 });
  const response = await fetch(`http://127.0.0.1:${server.port}/live`);
  assert.is(response.status, 200);
  await response.arrayBuffer();
  const stopping = hive.stop();
  await clock.advance(30_000);
  await stopping;
});

test("the health server closes silent and slow connections after seconds", async () => {
  await using hive = await createHive(options);
  await using server = await healthServer(hive, { port: 0 });
  const sockets = ["", "GET /live HTTP/1.1\r\nx-slow: "].map((said) => {
    const socket = connect(server.port, "127.0.0.1");
    socket.resume().write(said);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, "close")));
});

test("a taken port is reported", async () => {
  const hive = await createHive(options);
  await using first = await healthServer(hive, { port: 0 });
  const error = await throwsCode("InvalidConfiguration", () => healthServer(hive, { port: first.port }));
  assert.match(error.message, `127.0.0.1:${first.port}`);
  await throwsCode("InvalidConfiguration", () => healthServer(hive, { port: -1 }));
  await hive.stop();
});

test("a hive that stops for long is live until it has stopped", async () => {
  const clock = new PatientClock();
  let answer = (): void => {};
  const lease = (): Promise<never[]> => new Promise((resolve) => (answer = () => resolve([])));
  const hive = await createHive({ ...options, clock, provider: providerWith(clock, { lease }) });
  await hive.start();
  await clock.advance(0);
  const stopping = hive.stop({ deadline: "10m" });
  await clock.advance(120_001);
  assert.equal(brief(await hive.health()), [true, false, "stopping"]);
  answer();
  await stopping;
});

test("the health server returns a bare 503 when health fails", async () => {
  await using server = await healthServer({ health: () => Promise.reject(new Error(secret)) }, { port: 0 });
  const response = await fetch(`http://127.0.0.1:${server.port}/ready`);
  assert.equal([response.status, await response.json()], [503, { ready: false }]);
});

test("the health server does not keep the process alive, and closes at once", async () => {
  const hive = await createHive(options);
  const servers = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
  const before = servers();
  const server = await healthServer(hive, { port: 0 });
  assert.is(servers(), before);
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write("GET /live HTTP/1.1\r\n");
  await fetch(`http://127.0.0.1:${server.port}/live`).then((response) => response.arrayBuffer());
  const ended = once(socket, "close");
  await server.close();
  await ended;
  await hive.stop();
});

test("a paused subscription shows its cause, end and error", async () => {
  for (const [by, settings] of [
    ["circuit-breaker", { middleware: [circuitBreaker({ failures: 1, open: 30_000 })] }],
    ["supervision", { supervision: [{ on: TypeError, action: "pause", pause: 30_000 }] }],
    ["failure-limit", { failureLimit: { failures: 1, within: 30_000, action: "pause" } }],
  ] as const) {
    const clock = new PatientClock();
    let down = true;
    const work = (): void => {
      if (down) throw new TypeError(secret);
    };
    const broken = actor("Healthy-Actor", work, settings);
    await using hive = await createHive({ ...options, clock, actors: broken });
    await hive.start();
    const paused = async (): Promise<unknown> => (await hive.health()).detail.actors[0]?.paused;
    assert.is(await paused(), undefined);
    await hive.push(new Event("Healthy"));
    await clock.advance(1_000);
    const [since, until] = [new Date(clock.now() - 1_000), new Date(clock.now() + 29_000)];
    assert.equal(await paused(), { by, operator: undefined, reason: "TypeError", since, until });
    assert.is((await hive.health()).ready, true);
    down = false;
    await clock.advance(29_000);
    assert.is(await paused(), undefined, "an event was committed");
  }
});

test("a pause of an operator shows its name, reason and end", async () => {
  const clock = new ManualClock();
  await using hive = await createHive({ ...options, clock });
  await hive.start();
  const until = new Date(clock.now() + 60_000);
  await hive.queue("Healthy-Actor").pause({ reason: "the bank is down", until, by: "ada" });
  const paused = async (): Promise<unknown> => (await hive.health()).detail.actors[0]?.paused;
  const since = new Date(clock.now());
  assert.equal(await paused(), { by: "operator", operator: "ada", reason: "the bank is down", since, until });
  assert.is((await hive.health()).ready, true);
  await clock.advance("1m");
  assert.is(await paused(), undefined);
});

test("a subscription that no process reads is a warning; ready it stays", async () => {
  const clock = new ManualClock();
  const at = { ...options, clock, provider: new MemoryProvider({ clock }) };
  const old = await createHive({ ...at, actors: actor("Healthy-Old", () => {}) });
  await old.start();
  await using hive = await createHive(at);
  await hive.start();
  const warnings = async (): Promise<unknown> => (await hive.health()).detail.provider.warnings;
  assert.equal(await warnings(), []);
  await old.stop();
  await clock.advance("5s");
  assert.equal(await warnings(), ["No process reads Healthy-Old."]);
  assert.is((await hive.health()).ready, true);
});

test("a pause requested by an actor shows in health, over HTTP too", async () => {
  const clock = new PatientClock();
  const asks = actor("Healthy-Actor", () => {
    throw new PauseSubscription(1_000);
  });
  await using hive = await createHive({ ...options, clock, actors: asks });
  await hive.start();
  await hive.push(new Event("Healthy"));
  await clock.advance(500);
  const { actors } = (await hive.health()).detail;
  const [since, until] = [new Date(clock.now() - 500), new Date(clock.now() + 500)];
  assert.equal(actors[0]?.paused, { by: "actor", operator: undefined, reason: "Unavailable", since, until });
  await using server = await healthServer(hive, { port: 0 });
  const response = await fetch(`http://127.0.0.1:${server.port}/live`);
  assert.match(
    await response.text(),
    '"paused":{"by":"actor","reason":"Unavailable","since":"2020-01-01T00:00:00.000Z","until":"2020-01-01T00:00:01.000Z"}',
  );
});

test("a failed event of an ordered subscription shows until its retry", async () => {
  const clock = new PatientClock();
  let fails = true;
  const failing = actor(
    "Healthy-Actor",
    () => {
      if (fails) throw new Error("not yet");
    },
    { ordered: true, retry: { minDelay: 5_000, maxDelay: 5_000 } },
  );
  await using hive = await createHive({ ...options, clock, actors: failing });
  await hive.start();
  await hive.push([
    new Event("Healthy", 1, { id: "first", partitionKey: "k" }),
    new Event("Healthy", 2, { id: "keyless" }),
  ]);
  await clock.advance(1_000);
  const held = async (): Promise<unknown> => (await hive.health()).detail.actors[0]?.heldKeys;
  assert.equal(await held(), [{ eventId: "first", attempts: 1, until: new Date(clock.now() + 4_000) }]);
  fails = false;
  await clock.advance(4_000);
  assert.equal(await held(), []);
});

test("health names the key of an event that waits for newer code", async () => {
  const clock = new PatientClock();
  const type = eventType("Healthy");
  const reading = actor("Healthy-Actor", (event) => void type.read(event), { ordered: true });
  await using hive = await createHive({ ...options, clock, actors: reading });
  await hive.start();
  await hive.push(new Event("Healthy", 1, { id: "new", partitionKey: "k", properties: { schemaVersion: 2 } }));
  await clock.advance(1_000);
  const [held] = (await hive.health()).detail.actors[0]?.heldKeys ?? [];
  assert.equal([held?.eventId, held?.attempts], ["new", 0]);
});

test("events that another process took over disappear from health", () => {
  const held = new HeldKeys();
  const lease = { event: new Event("A", 1, { partitionKey: "k" }), attempt: 2 } as Partial<Lease> as Lease;
  held.hold(lease, 1_000, 0);
  assert.is(held.list(61_000).length, 1);
  assert.is(held.list(61_001).length, 0);
});

test.run();
