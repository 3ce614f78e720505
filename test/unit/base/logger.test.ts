import { Writable } from "node:stream";
import { pino } from "pino";
import * as assert from "uvu/assert";
import { createHive } from "../../../src/hive/hive.ts";
import { actorDescription, type ActorContext } from "../../../src/actors/actor.ts";
import { BeeHiveError, RejectEvent } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { safeLogger, silentLogger, standardErrorLogger, withFields, type Logger } from "../../../src/base/logger.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Logger");

function recording(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  // No cast: the compiler holds that a pino logger is a Logger.
  const logger: Logger = pino({ level: "debug" }, stream);
  return { logger, lines };
}

test("pino writes the actor, the event and the error of a hive's lines", async () => {
  const { logger, lines } = recording();
  class Strict {
    async processAsync(): Promise<void> {
      throw new RejectEvent("no lines");
    }
  }
  actorDescription("LoggedOrder-Strict")(Strict);
  await using hive = await createHive({ actors: Strict, logger });
  await hive.start();
  await hive.push(new Event("LoggedOrder", 1, { id: "event 1", correlationId: "process 1" }));
  await hive.whenIdle();
  const line = lines.find(({ level }) => level === 50);
  assert.equal(
    [line?.["actor"], line?.["subscription"], line?.["eventId"], line?.["attempt"]],
    ["Strict", "LoggedOrder-Strict", "event 1", 1],
  );
  const err = line?.["err"] as Record<string, string> | undefined;
  assert.equal([err?.["type"], err?.["code"], err?.["message"]], ["RejectEvent", "Rejected", "no lines"]);
  assert.match(err?.["stack"] ?? "", "logger.test.ts");
});

/** Writes JSON lines like most loggers. */
function plainLogger(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = (fields: object): void => void lines.push(JSON.parse(JSON.stringify(fields)) as Record<string, unknown>);
  return { logger: { debug: log, info: log, warn: log, error: log }, lines };
}

for (const [name, make] of Object.entries({ pino: recording, "a plain logger": plainLogger })) {
  test(`${name} shows errors of actors and what they log themselves`, async () => {
    const { logger, lines } = make();
    class Failing {
      async processAsync(_event: Event, { logger: own }: ActorContext): Promise<void> {
        own.info(
          { err: new Error("seen", { cause: new Error("password=hunter2") }), failed: new TypeError("too") },
          "own",
        );
        throw new RejectEvent("no lines", { cause: new TypeError("Authorization: Bearer hunter2") });
      }
    }
    actorDescription("LoggedOrder-Failing")(Failing);
    await using hive = await createHive({ actors: Failing, logger });
    await hive.start();
    await hive.push(new Event("LoggedOrder", 1));
    await hive.whenIdle();
    const text = JSON.stringify(lines);
    for (const part of [
      "RejectEvent",
      "Rejected",
      "no lines",
      "TypeError",
      "Bearer ***",
      "seen",
      "password=***",
      "too",
    ])
      assert.match(text, part);
    assert.match(text, /logger\.test\.ts/);
    assert.not.match(text, "hunter2");
  });
}

test("a logger that rejects ends no process", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): unknown => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const rejecting: () => unknown = () => Promise.reject(new Error("down"));
  safeLogger({ debug: rejecting, info: rejecting, warn: rejecting, error: rejecting }).error({}, "failed");
  await new Promise(setImmediate);
  process.off("unhandledRejection", note);
  assert.equal(unhandled, []);
});

test("whatever was thrown is logged with a name and a message", () => {
  const { logger, lines } = plainLogger();
  const circle = new Error("round");
  circle.cause = circle;
  const hostile = new Proxy(new Error("hidden"), {
    get() {
      throw new Error("no look");
    },
  });
  const many = new AggregateError([new Error("first"), "second"], "many");
  for (const err of ["text", 5, null, circle, hostile, many, { message: "like an error" }])
    safeLogger(logger).error({ err }, "failed");
  assert.equal(
    lines.map(({ err }) => (err as { message: string }).message),
    ["text", "5", "null", "round", "the thrown value cannot be read as text", "many", "like an error"],
  );
  const errors = (lines[5]?.["err"] as { errors: { message: string }[] } | undefined)?.errors ?? [];
  assert.equal(
    errors.map(({ message }) => message),
    ["first", "second"],
  );
});

test("no line of a log is longer than bounded, whatever failed", () => {
  const { logger, lines } = plainLogger();
  let error = new Error("the end");
  for (let i = 0; i < 1_000; i++) error = new Error("answer ".repeat(10_000), { cause: error });
  error.name = "Named".repeat(10_000);
  const wide: Record<string, unknown> = {};
  for (let i = 0; i < 1_000; i++) wide[`field ${i}`] = wide;
  safeLogger(logger).error({ err: error, reason: error.message }, "failed");
  assert.ok(JSON.stringify(lines).length < 100_000);
  assert.ok(written({ err: error, wide, text: "x".repeat(1_000_000) }).length < 200_000);
});

test("fields that cost nothing to look at go on as they are", () => {
  const seen: object[] = [];
  const fields = { eventId: "1", attempt: 1 };
  safeLogger({ ...silentLogger, info: (given) => void seen.push(given) }).info(fields, "message");
  assert.is(seen[0], fields);
});

test("a logger that throws changes no settlement", async () => {
  const broken = (): never => {
    throw new Error("the logger is broken");
  };
  class Picky {
    async processAsync(event: Event): Promise<void> {
      if (event.getBody() === "bad") throw new RejectEvent("no");
    }
  }
  actorDescription("PickedOrder-Picky")(Picky);
  const logger = { debug: broken, info: broken, warn: broken, error: broken };
  await using hive = await createHive({ actors: Picky, logger });
  await hive.start();
  await hive.push(["bad", "good"].map((body) => new Event("PickedOrder", body)));
  await hive.whenIdle();
  assert.equal(await hive.queue("PickedOrder-Picky").counts(), { ready: 0, leased: 0, delayed: 0, dead: 1 });
});

test("an extended logger adds fields; those of a line win", () => {
  const { logger, lines } = recording();
  const extended = withFields(withFields(logger, { a: 1, b: 1 }), { b: 2, c: 2 });
  for (const level of ["debug", "info", "warn", "error"] as const) extended[level]({ c: 3 }, "message");
  assert.equal(
    lines.map(({ level, a, b, c, msg }) => [level, a, b, c, msg]),
    [20, 30, 40, 50].map((level) => [level, 1, 2, 3, "message"]),
  );
});

test("the silent logger accepts every call", () => {
  for (const level of ["debug", "info", "warn", "error"] as const) silentLogger[level]({}, "nothing");
});

/** Returns the output of the default logger of hives. */
function written(fields: object): string {
  let text = "";
  const seen = Object.getOwnPropertyDescriptor(process, "stderr") as PropertyDescriptor;
  Object.defineProperty(process, "stderr", { ...seen, get: () => ({ write: (line: string) => (text += line) }) });
  try {
    standardErrorLogger.error(fields, "message");
  } finally {
    Object.defineProperty(process, "stderr", seen);
  }
  return text;
}

test("a secret in the cause of an error is masked by default", () => {
  const cause = new Error("Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey=TOPSECRET;EntityPath=orders");
  const line = written({ err: new BeeHiveError("Unavailable", "could not connect", { cause }) });
  assert.not.match(line, "TOPSECRET");
  assert.match(line, "sb://x.servicebus.windows.net/");
  assert.is((JSON.parse(line) as { err: { code: string } }).err.code, "Unavailable");
});

test("fields that are no JSON do not lose the line", () => {
  const circular: Record<string, unknown> = { err: new Error("the disk is full") };
  circular["self"] = circular;
  for (const fields of [circular, { err: new Error("the disk is full"), count: 1n, bytes: new Uint8Array(9) }]) {
    const line = JSON.parse(written(fields)) as Record<string, unknown>;
    assert.equal([line["level"], line["message"]], ["error", "message"]);
    assert.is((line["err"] as { message: string }).message, "the disk is full");
    assert.match(line["time"] as string, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  }
  const failing = {
    err: "no",
    get broken() {
      throw new Error("no look");
    },
  };
  assert.match(written(failing), "no look");
});

test("values are masked before they are JSON, and fields by their names", () => {
  const line = written({
    err: new Error('{"password":"hunter2"}'),
    deep: [{ apiKey: "hunter2" }],
    note: "enter the password:",
  });
  assert.not.match(line, "hunter2");
  assert.is((JSON.parse(line) as { note: string }).note, "enter the password:");
});

test.run();
