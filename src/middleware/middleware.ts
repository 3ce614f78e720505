import type { ActorContext, ActorOutput, ProcessorActor } from "../actor.ts";
import type { Event } from "../event.ts";
import { collect } from "../outputs.ts";

/**
 * Runs what comes after: the next middleware, and in the end the actor. May be called once, several times or not
 * at all; with a context, that one is seen further in. Resolves with everything the actor returned.
 */
export type Next = (context?: ActorContext) => Promise<readonly Event[]>;

/**
 * Wraps the run of an actor: may look at the event, refuse it by throwing, delay it, change what is returned.
 * The loop knows nothing of it; what a middleware throws is a failure of the step like any other.
 */
export type Middleware = (event: Event, context: ActorContext, next: Next) => ActorOutput | Promise<ActorOutput>;

/** Runs the actor inside these middlewares, the first outermost, and returns the events that come out. */
export async function runThrough(
  middleware: readonly Middleware[],
  actor: ProcessorActor,
  event: Event,
  context: ActorContext,
): Promise<readonly Event[]> {
  const run = async (index: number, seen: ActorContext): Promise<readonly Event[]> => {
    const wrap = middleware[index];
    const output = wrap
      ? wrap(event, seen, (changed = seen) => run(index + 1, changed))
      : actor.processAsync(event, seen);
    return collect(await output, context.descriptor.name);
  };
  return run(0, context);
}

/** The context with another signal; all else is as it was. */
export function withSignal(context: ActorContext, signal: AbortSignal): ActorContext {
  return Object.create(context, { signal: { value: signal } });
}
