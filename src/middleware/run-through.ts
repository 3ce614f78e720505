import type { ActorContext, ActorOutput, Middleware, ProcessorActor } from "../actor.ts";
import { BeeHiveError } from "../errors.ts";
import type { Event } from "../event.ts";
import { collect } from "../outputs.ts";

/** Runs the actor inside these middlewares, the first outermost, and answers what comes out. */
export function runThrough(
  middleware: readonly Middleware[],
  actor: ProcessorActor,
  event: Event,
  context: ActorContext,
): ActorOutput | Promise<ActorOutput> {
  if (middleware.length === 0) return actor.processAsync(event, context);
  const { name } = context.descriptor;
  const run = async (index: number, seen: ActorContext): Promise<ActorOutput> => {
    const wrap = middleware[index];
    if (!wrap) return actor.processAsync(event, seen);
    const returned = await wrap(event, seen, async (changed = seen) => collect(await run(index + 1, changed), name));
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
