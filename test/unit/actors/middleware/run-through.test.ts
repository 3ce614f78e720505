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

/** Returns all outputs, as the loop sees them. */
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

test("the first middleware is outermost, and each sees a list of events", async () => {
  const { log, middleware, actor } = scene("a", "b");
  assert.equal(typesOf(await run(middleware, actor)), ["Out"]);
  assert.equal(log, ["a in", "b in", "actor", "b out", "a out"]);
});

test("an actor without middleware runs", async () => {
  assert.equal(typesOf(await run([], scene().actor)), ["Out"]);
});

test("a middleware may skip, refuse, repeat or add", async () => {
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

test("a middleware may pass another context further in", async () => {
  const signal = AbortSignal.abort();
  let seen: ActorContext | undefined;
  const actor: ProcessorActor = { processAsync: (_event, given) => void (seen = given) };
  await run([(_event, given, next) => next(withSignal(given, signal))], actor);
  assert.equal([seen?.signal, seen?.attempt], [signal, 1]);
});

test("each middleware sees the error of the actor", async () => {
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

test("an output that is no event names the actor in InvalidOutput", async () => {
  assert.match(
    (await throwsCode("InvalidOutput", () => run([() => [7] as never], scene().actor))).message,
    "Some returned a number",
  );
});

test("a middleware that returns nothing fails the step", async () => {
  const forgetful: unknown = async (_event: Event, _context: unknown, next: () => Promise<unknown>) => {
    await next();
  };
  const { message } = await throwsCode("InvalidOutput", () =>
    run([forgetful as Middleware], { processAsync: () => [new Event("Pong")] }),
  );
  assert.match(message, "return what next() gives");
});

test("a context without a signal still reads async outputs", async () => {
  const spread: Middleware = (_event, { attempt, descriptor: of }, next) => next({ attempt, descriptor: of } as never);
  const { actor } = scene();
  assert.equal(typesOf(await run([spread], actor)), ["Out"]);
});

test.run();
