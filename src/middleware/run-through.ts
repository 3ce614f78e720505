import type { ActorContext, ActorOutput, Middleware, ProcessorActor } from "../actor.ts";
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
  const run = (index: number, seen: ActorContext): ActorOutput | Promise<ActorOutput> => {
    const wrap = middleware[index];
    if (!wrap) return actor.processAsync(event, seen);
    return wrap(event, seen, async (changed = seen) => collect(await run(index + 1, changed), seen.descriptor.name));
  };
  return run(0, context);
}

/** The context with another signal; all else is as it was. */
export function withSignal(context: ActorContext, signal: AbortSignal): ActorContext {
  return Object.create(context, { signal: { value: signal } });
}
