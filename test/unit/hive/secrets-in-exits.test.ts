import { SpanStatusCode, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { actorDescription, createHive, Event, healthServer, type DeadLetter, type Hive } from "beehive-actors";
import * as assert from "uvu/assert";
import { stderrLogger } from "../../../src/cli/stderr-logger.ts";
import { letterJson, letterText } from "../../../src/cli/dead-letters/letter-text.ts";
import { Output } from "../../../src/cli/output.ts";
import type { Logger } from "../../../src/base/logger.ts";
import { secretShapes, theSecret } from "../../support/secrets.ts";
import { suite } from "../../support/suite.ts";

const test = suite("secrets in the output of a process", { timeoutMs: 30_000 });
const shapes = Object.entries(secretShapes);
const told = theSecret.slice(0, 8);

class Thrower {
  async processAsync(event: Event<number>): Promise<void> {
    const [, text = ""] = shapes[event.getBody()] ?? [];
    const error = new TypeError(text, { cause: new Error(text) });
    error.name = text;
    throw error;
  }
}
actorDescription("SecretBoom-Thrower", { retry: { maxAttempts: 1 } })(Thrower);

/** Runs an actor that throws each shape. */
async function thrown(logger: Logger): Promise<Hive> {
  const hive = await createHive({ actors: Thrower, logger });
  await hive.start();
  await hive.push(
    shapes.map((_shape, index) => new Event("SecretBoom", index, { properties: { password: theSecret } })),
  );
  await hive.whenIdle();
  return hive;
}

/** Streams that record their input. */
function streams(isTTY: boolean): { output: Output; text: () => string } {
  let text = "";
  const stream = { isTTY, write: (part: string) => ((text += part), true), hasColors: () => false } as never;
  return { output: new Output(false, { stdout: stream, stderr: stream }, {}), text: () => text };
}

test("no secret is in logs, for people and for programs", async () => {
  for (const isTTY of [true, false]) {
    const { output, text } = streams(isTTY);
    await using _hive = await thrown(stderrLogger(output, "debug"));
    assert.match(text(), "the event was dead-lettered");
    assert.not.match(text(), told);
    if (isTTY) continue;
    for (const line of text().trim().split("\n")) {
      const { time, level } = JSON.parse(line) as { time: string; level: string };
      assert.ok(Date.parse(time) > 0 && level === "error");
    }
  }
});

test("no secret is in dead letters, nor in their display", async () => {
  await using hive = await thrown(stderrLogger(streams(false).output, "silent"));
  const letters: DeadLetter[] = [];
  for await (const letter of hive.queue("SecretBoom-Thrower").deadLetters()) letters.push(letter);
  assert.is(letters.length, shapes.length);
  for (const { reason, errorName, errorMessage, stack = "" } of letters) {
    assert.not.match([reason, errorName, errorMessage, stack].join("\n"), told);
    assert.ok(errorName.length <= 128);
  }
  for (const letter of letters) assert.not.match(letterText(letter, 0) + JSON.stringify(letterJson(letter)), told);
});

test("no secret is in the journal, nor in traces", async () => {
  await using hive = await thrown(stderrLogger(streams(false).output, "silent"));
  for await (const entry of hive.journal?.read() ?? []) assert.not.match(JSON.stringify(entry), told);
});

test("no secret is in spans", async () => {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  try {
    await using _hive = await thrown(stderrLogger(streams(false).output, "silent"));
    const failed = spans.getFinishedSpans().filter(({ status }) => status.code === SpanStatusCode.ERROR);
    assert.is(failed.length, shapes.length);
    for (const { status, attributes, events } of spans.getFinishedSpans())
      assert.not.match(JSON.stringify([status, attributes, events]), told);
  } finally {
    trace.disable();
  }
});

test("no secret is in the health of a hive whose provider fails", async () => {
  for (const [what, text] of shapes) {
    const hive = await createHive({ actors: Thrower, logger: stderrLogger(streams(false).output, "silent") });
    await hive.start();
    const failing = Object.assign(new Error(text), { name: text });
    hive.provider.queues.missing = () => Promise.reject(failing);
    await using server = await healthServer(hive, { port: 0 });
    const answer = await fetch(`http://127.0.0.1:${server.port}/ready`);
    assert.not.match(await answer.text(), told, what);
    await hive.stop();
  }
});

test("no secret is in a complaint of the command line", () => {
  for (const [what, text] of shapes) {
    const { output, text: written } = streams(false);
    output.complain(text);
    output.note(text);
    assert.not.match(written(), told, what);
  }
});

test.run();
