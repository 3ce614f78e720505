import type { ActorContext, ActorOutput, ProcessorActor } from "./actor.ts";
import type { Event } from "./event.ts";

/** Runs what comes after: the next middleware, and in the end the actor. May be called once, several times or not at all. */
export type Next = () => Promise<ActorOutput>;

/**
 * Wraps the run of an actor: may look at the event, refuse it by throwing, delay it, change what is returned.
 * The loop knows nothing of it; what a middleware throws is a failure of the step like any other.
 */
export type Middleware = (event: Event, context: ActorContext, next: Next) => ActorOutput | Promise<ActorOutput>;

/** Runs the actor inside these middlewares, the first outermost. */
export async function runThrough(
  middleware: readonly Middleware[],
  actor: ProcessorActor,
  event: Event,
  context: ActorContext,
): Promise<ActorOutput> {
  const run = async (index: number): Promise<ActorOutput> => {
    const wrap = middleware[index];
    return wrap ? wrap(event, context, () => run(index + 1)) : actor.processAsync(event, context);
  };
  return run(0);
}
