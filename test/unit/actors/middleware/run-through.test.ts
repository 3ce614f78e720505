import * as assert from "uvu/assert";
import type { ActorContext, Middleware, ProcessorActor } from "../../../../src/actors/actor.ts";
import { Event } from "../../../../src/events/event.ts";
import { collect } from "../../../../src/actors/output.ts";
import { runThrough, withSignal } from "../../../../src/actors/middleware/run-through.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("Middleware");
const event = new Event("In");
const descriptor = { name: "Some", maxOutputs: 3 };
const context = { attempt: 1, descriptor, signal: new AbortController().signal } as unknown as ActorContext;
const typesOf = (events: readonly Event[]): string[] => events.map(({ eventType }) => eventType);

/** Everything that comes out, as the loop sees it. */
const run = async (middleware: readonly Middleware[], actor: ProcessorActor): Promise<readonly Event[]> =>
  collect(await runThrough(middleware, actor, event, context), context);

function scene(...names: string[]) {
  const log: string[] = [];
  const middleware = names.map((name): Middleware => async (_event, _context, next) => {
    log.push(`${name} in`);
    const events = await next();
    log.push(`${name} out`);
    return events;
  });
  const actor: ProcessorActor = {
    async *processAsync() {
      log.push("actor");
      yield new Event("Out");
    },
  };
  return { log, middleware, actor };
}

test("given several, then the first is outermost, and each sees the events of the actor as a list", async () => {
  const { log, middleware, actor } = scene("a", "b");
  assert.equal(typesOf(await run(middleware, actor)), ["Out"]);
  assert.equal(log, ["a in", "b in", "actor", "b out", "a out"]);
});

test("given none, then the actor runs", async () => {
  assert.equal(typesOf(await run([], scene().actor)), ["Out"]);
});

test("given one that does not go on, refuses, repeats or adds, then that is what happens", async () => {
  const { log, actor } = scene();
  assert.equal(await run([() => []], actor), []);
  assert.equal(log, []);
  const refuse: Middleware = () => {
    throw new Error("refused");
  };
  await run([refuse], actor).then(
    () => assert.unreachable(),
    (error: unknown) => assert.match(String(error), "refused"),
  );
  const twice: Middleware = async (_event, _context, next) => [
    ...(await next()),
    ...(await next()),
    new Event("Added"),
  ];
  assert.equal(typesOf(await run([twice], actor)), ["Out", "Out", "Added"]);
});

test("given one that hands on another context, then what is further in sees it, and all else of it is as it was", async () => {
  const signal = AbortSignal.abort();
  let seen: ActorContext | undefined;
  const actor: ProcessorActor = { processAsync: (_event, given) => void (seen = given) };
  await run([(_event, given, next) => next(withSignal(given, signal))], actor);
  assert.equal([seen?.signal, seen?.attempt], [signal, 1]);
});

test("given an actor that throws, then each sees the error", async () => {
  const rescue: Middleware = async (_event, _context, next) => {
    try {
      return await next();
    } catch {
      return [new Event("Rescued")];
    }
  };
  const actor: ProcessorActor = {
    processAsync() {
      throw new Error("boom");
    },
  };
  assert.equal(typesOf(await run([rescue], actor)), ["Rescued"]);
});

test("given one that returns what is no event, then InvalidOutput names the actor", async () => {
  assert.match(
    (await throwsCode("InvalidOutput", () => run([() => [7] as never], scene().actor))).message,
    "Some returned a number",
  );
});

test("given a middleware that returns nothing, then the step fails: what the actor returned would be gone", async () => {
  const forgetful: unknown = async (_event: Event, _context: unknown, next: () => Promise<unknown>) => {
    await next();
  };
  const { message } = await throwsCode("InvalidOutput", () =>
    run([forgetful as Middleware], { processAsync: () => [new Event("Pong")] }),
  );
  assert.match(message, "return what next() gives");
});

test("given one that hands on a context without a signal, then what comes over time is read all the same", async () => {
  const spread: Middleware = (_event, { attempt, descriptor: of }, next) => next({ attempt, descriptor: of } as never);
  const { actor } = scene();
  assert.equal(typesOf(await run([spread], actor)), ["Out"]);
});

test.run();
