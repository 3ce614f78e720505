import type { ActorContext, Middleware, ProcessorActor } from "../actor.ts";
import type { Event } from "../event.ts";
import { collect } from "../outputs.ts";

/** Runs the actor inside these middlewares, the first outermost, and returns the events that come out. */
export async function runThrough(
  middleware: readonly Middleware[],
  actor: ProcessorActor,
  event: Event,
  context: ActorContext,
): Promise<readonly Event[]> {
  if (middleware.length === 0) return collect(await actor.processAsync(event, context), context.descriptor.name);
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
