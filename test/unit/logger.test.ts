import { Writable } from "node:stream";
import { pino } from "pino";
import * as assert from "uvu/assert";
import { createHive } from "../../src/beehive.ts";
import { actorDescription } from "../../src/actor.ts";
import { BeeHiveError, RejectEvent } from "../../src/errors.ts";
import { Event } from "../../src/event.ts";
import { silentLogger, standardErrorLogger, withFields, type Logger } from "../../src/logger.ts";
import { suite } from "../support/suite.ts";

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

test("given a pino logger, when a hive has it, then its lines carry the actor, the event and the error as pino writes them", async () => {
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
  await hive.idle();
  const line = lines.find(({ level }) => level === 50);
  assert.equal(
    [line?.["actor"], line?.["subscription"], line?.["eventId"], line?.["attempt"]],
    ["Strict", "LoggedOrder-Strict", "event 1", 1],
  );
});

test("given a logger that throws, when actors fail and succeed, then each event is settled as ever", async () => {
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
  await hive.idle();
  assert.equal(await hive.counts("PickedOrder-Picky"), { ready: 0, leased: 0, delayed: 0, dead: 1 });
});

test("given fields, when a logger is extended, then each line has them, and its own fields win", () => {
  const { logger, lines } = recording();
  const extended = withFields(withFields(logger, { a: 1, b: 1 }), { b: 2, c: 2 });
  for (const level of ["debug", "info", "warn", "error"] as const) extended[level]({ c: 3 }, "message");
  assert.equal(
    lines.map(({ level, a, b, c, msg }) => [level, a, b, c, msg]),
    [20, 30, 40, 50].map((level) => [level, 1, 2, 3, "message"]),
  );
});

test("given the silent logger, then it takes everything", () => {
  for (const level of ["debug", "info", "warn", "error"] as const) silentLogger[level]({}, "nothing");
});

/** What the logger that hives have by default writes. */
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

test("given an error whose cause holds a secret, when it is logged by default, then the secret is masked", () => {
  const cause = new Error("Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey=TOPSECRET;EntityPath=orders");
  const line = written({ error: new BeeHiveError("Unavailable", "could not connect", { cause }) });
  assert.not.match(line, "TOPSECRET");
  assert.match(line, "sb://x.servicebus.windows.net/");
  assert.is((JSON.parse(line) as { error: { code: string } }).error.code, "Unavailable");
});

test("given fields that are no JSON, when they are logged by default, then the line is written all the same", () => {
  const circular: Record<string, unknown> = { error: new Error("the disk is full") };
  circular["self"] = circular;
  for (const fields of [circular, { error: new Error("the disk is full"), count: 1n }]) {
    const line = JSON.parse(written(fields)) as Record<string, unknown>;
    assert.equal([line["level"], line["message"], line["error"]], ["error", "message", "the disk is full"]);
  }
});

test.run();
