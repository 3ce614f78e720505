import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  alertEvent,
  createHive,
  Event,
  silentLogger,
  webhook,
  type Alert,
  type AlertRule,
  type HiveOptions,
} from "beehive-actors";
import { ManualClock } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import type { Provider } from "../../../src/contract/provider.ts";
import type { Hive } from "../../../src/hive/hive.ts";
import { overriding } from "../../../src/base/overriding.ts";
import { actor } from "../../../src/testing/contracts/hive/harness.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("alerts");
const queue = "Job-Work";
const by = "ada";

interface Scene {
  readonly clock: ManualClock;
  readonly provider: Provider;
  readonly sent: Alert[];
  readonly start: (options?: Partial<HiveOptions>) => Promise<Hive>;
}

function scene(rule: (send: (alert: Alert) => void) => AlertRule): Scene {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const sent: Alert[] = [];
  const start = async (options: Partial<HiveOptions> = {}): Promise<Hive> => {
    const hive = await createHive({
      actors: actor(
        queue,
        () => {
          throw new Error("broken");
        },
        { retry: { maxAttempts: 1 } },
      ),
      provider,
      clock,
      logger: silentLogger,
      alerts: [rule((alert) => void sent.push(alert))],
      ...options,
    });
    await hive.start();
    return hive;
  };
  return { clock, provider, sent, start };
}

const brief = (alerts: readonly Alert[]): unknown => alerts.map(({ on, state, value }) => [on, state, value]);

test("one of three hives tells of dead letters, once, and of their end", async () => {
  const { clock, sent, start } = scene((send) => ({ on: "dead-letter", send }));
  const hives = [await start(), await start(), await start()] as const;
  await hives[0].push([new Event("Job", 1), new Event("Job", 2)]);
  await clock.advance("5m");
  assert.equal(brief(sent), [["dead-letter", "began", 2]]);
  assert.equal([sent[0]?.queue, sent[0]?.text], [queue, "Job-Work has 2 dead letters"]);
  await hives[0].queue(queue).drop({ all: true });
  await clock.advance("5m");
  assert.equal(brief(sent), [
    ["dead-letter", "began", 2],
    ["dead-letter", "over", 0],
  ]);
  assert.equal(sent[1]?.since, sent[0]?.since);
  await Promise.all(hives.map((hive) => hive.stop()));
});

test("a sink that fails does not repeat the alerts of another one", async () => {
  let tries = 0;
  const failing = (): void => {
    tries++;
    throw new Error("the pager is down");
  };
  const { clock, sent, provider, start } = scene((send) => ({ on: "dead-letter", send: [failing, send] }));
  const hive = await start();
  await hive.push(new Event("Job", 1));
  await clock.advance("5m");
  assert.ok(tries > 1, "it gets the alert again");
  assert.equal(brief(sent), [["dead-letter", "began", 1]]);
  await hive.stop();
  await provider.close();
});

test("an incident outlives the process that told it, and is not told again", async () => {
  const { clock, sent, start } = scene((send) => ({ on: "dead-letter", above: 0, send }));
  const first = await start();
  await first.push(new Event("Job", 1));
  await clock.advance("1m");
  await first.stop();
  const second = await start();
  await clock.advance("5m");
  assert.is(sent.length, 1);
  await second.stop();
});

test("lag is a number of events, or the wait of the oldest", async () => {
  const slow = actor(queue, () => new Promise<void>(() => {}), { parallelism: 1 });
  for (const [above, value] of [
    [2, 3],
    ["1m", 90_000],
  ] as const) {
    const { clock, sent, start } = scene((send) => ({ on: "lag", above, send }));
    const hive = await start({ actors: slow });
    await hive.push([1, 2].map((body) => new Event("Job", body, { timestamp: new Date(clock.now()) })));
    await clock.advance("30s");
    assert.equal(sent, []);
    await hive.push(new Event("Job", 3, { timestamp: new Date(clock.now()) }));
    await clock.advance("1m");
    assert.equal(brief(sent), [["lag", "began", value]]);
    await Promise.all([hive.stop({ deadline: 0 }), clock.advance("1m")]);
  }
});

test("a pause that lasts is told with its reason, and when it ends", async () => {
  const { clock, sent, start } = scene((send) => ({ on: "paused", above: "2m", send }));
  const hive = await start();
  await hive.queue(queue).pause({ reason: "the bank is down", by });
  await clock.advance("1m");
  assert.equal(sent, []);
  await clock.advance("2m");
  assert.equal(brief(sent), [["paused", "began", 120_000]]);
  assert.is(sent[0]?.text, "Job-Work is paused by ada: the bank is down");
  await hive.operator.resumeAll({ by });
  await clock.advance("1m");
  assert.is(sent[1]?.state, "over");
  await hive.stop();
});

test("events that nobody commits are stuck, unless a pause explains it", async () => {
  const { clock, sent, start } = scene((send) => ({ on: "stuck", above: "5m", of: "Job-Nobody", send }));
  const hive = await start();
  const reader = await createHive({ actors: actor("Job-Nobody", () => {}), provider: hive.provider, clock });
  await reader.setup();
  await hive.push(new Event("Job", 1));
  await hive.queue("Job-Nobody").pause({ reason: "later", by });
  await clock.advance("10m");
  assert.equal(sent, []);
  await hive.queue("Job-Nobody").resume({ by });
  await clock.advance("6m");
  assert.equal([sent.length, sent[0]?.on], [1, "stuck"]);
  assert.match(sent[0]?.text ?? "", /none was committed for 3\d\d s; no process reads it/);
  await reader.start();
  await clock.advance("1m");
  assert.is(sent[1]?.state, "over");
  await reader.stop();
  await hive.stop();
});

test("an alert that cannot be sent is sent at the next check", async () => {
  let tries = 0;
  const { clock, start } = scene(() => ({
    on: "dead-letter",
    send: () => {
      if (++tries < 3) throw new Error("the chat is down");
    },
  }));
  const hive = await start();
  await hive.push(new Event("Job", 1));
  await clock.advance("10m");
  assert.is(tries, 3);
  await hive.stop();
});

test("an alert is published as an event", async () => {
  const { clock, start } = scene(() => ({ on: "dead-letter", send: alertEvent("AlertSent") }));
  const seen: unknown[] = [];
  const listens = actor("AlertSent-Page", (event) => void seen.push(event.getBody()));
  const reader = await createHive({ actors: listens, provider: (await start()).provider, clock });
  await reader.start();
  await reader.push(new Event("Job", 1));
  await clock.advance("1m");
  const { since: _, ...body } = seen[0] as Alert;
  assert.equal(body, { on: "dead-letter", state: "began", queue, value: 1, text: "Job-Work has 1 dead letters" });
  await reader.stop();
});

test("a webhook posts JSON, and an answer that is no success is an error", async () => {
  const bodies: string[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    request
      .setEncoding("utf8")
      .on("data", (text: string) => bodies.push(`${String(request.headers["x-key"])} ${text}`));
    request.on("end", () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hunter2`;
  const send = webhook(url, { headers: { "x-key": "1" } });
  const alert: Alert = { on: "lag", state: "began", queue, since: new Date(0), value: 3, text: "late" };
  await send(alert, { push: async () => {} });
  assert.equal(bodies, [`1 ${JSON.stringify(alert)}`]);
  status = 500;
  const error = await failureOf(async () => send(alert, { push: async () => {} }));
  assert.match(error.message, /answered 500/);
  assert.not.match(error.message, "hunter2");
  server.closeAllConnections();
  server.close();
});

test("a wait is refused as a limit where the provider reports no ages", async () => {
  const { provider, start } = scene((send) => ({ on: "lag", above: "1m", send }));
  const queues = new Proxy(provider.queues, {
    get: (target, name) => {
      const value: unknown = name === "oldest" ? undefined : Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  const error = await failureOf(start({ provider: overriding(provider, { queues }) }));
  assert.match(error.message, /memory does not report how long events wait/);
});

test("alerts without controls are refused", async () => {
  const alerts: readonly AlertRule[] = [{ on: "dead-letter", send: () => {} }];
  assert.match((await failureOf(createHive({ alerts, controls: false }))).message, /alerts need controls/);
});

test("wrong rules are refused with every problem", async () => {
  const alerts = [
    { on: "fire", send: () => {} },
    { on: "lag", send: () => {} },
    { on: "stuck", above: "soon", of: "Job-", send: "mail", to: "ada" },
  ] as unknown as readonly AlertRule[];
  const { message } = await failureOf(createHive({ alerts }));
  for (const words of [
    /alerts\[0\]\.on must be/,
    /alerts\[1\]\.above is missing/,
    /alerts\[2\]\.to is not/,
    /is a topic/,
  ])
    assert.match(message, words);
  assert.match(message, /alerts\[2\]\.send must be a function/);
  assert.match(message, /alerts\[2\]\.above must be/);
});

test.run();
