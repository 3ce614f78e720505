import type { ActorContext, ActorOutput, Middleware, ProcessorActor } from "../actor.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { Event } from "../../events/event.ts";
import { ranSince } from "../../base/event-loop.ts";
import { collect, type OutputSource } from "../output.ts";

/** Runs the actor inside these middlewares, the first outermost, and answers what comes out. */
export function runThrough(
  middleware: readonly Middleware[],
  actor: ProcessorActor,
  event: Event,
  context: ActorContext,
): ActorOutput | Promise<ActorOutput> {
  if (middleware.length === 0) return runActor(actor, event, context);
  const { name } = context.descriptor;
  const run = async (index: number, seen: ActorContext): Promise<ActorOutput> => {
    const wrap = middleware[index];
    if (!wrap) return runActor(actor, event, seen);
    const returned = await wrap(event, seen, async (changed = seen) =>
      collect(await run(index + 1, changed), sourceOf(changed, context)),
    );
    // Forgotten, mostly: all that the actor returned would be gone, and nobody told.
    if ((returned as unknown) === undefined)
      throw new BeeHiveError(
        "InvalidOutput",
        `A middleware of ${name} returned nothing; return what next() gives, or [].`,
      );
    return returned;
  };
  return run(0, context);
}

/** Whose outputs they are: a context that a middleware made by spreading another one has lost its getters. */
function sourceOf(changed: Partial<ActorContext>, whole: ActorContext): OutputSource {
  return {
    descriptor: whole.descriptor,
    get signal() {
      return changed.signal ?? whole.signal;
    },
  };
}

/** What the actor computes before it awaits anything holds the event loop. */
function runActor(actor: ProcessorActor, event: Event, context: ActorContext): ActorOutput | Promise<ActorOutput> {
  const startedAt = performance.now();
  try {
    return actor.processAsync(event, context);
  } finally {
    ranSince(startedAt, context.descriptor.name);
  }
}

/** The context with another signal; all else is as it was, made when it is asked for. */
export function withSignal(context: ActorContext, signal: AbortSignal): ActorContext {
  return {
    signal,
    attempt: context.attempt,
    descriptor: context.descriptor,
    clock: context.clock,
    get logger() {
      return context.logger;
    },
  };
}
