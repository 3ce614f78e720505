import type { AnyEventType, BodyOf, Middleware } from "beehive-actors";

/** Passes only events whose bodies a predicate accepts; the others are done without the actor. */
export function onlyIf<T extends AnyEventType>(type: T, accepts: (body: BodyOf<T>) => boolean): Middleware {
  return (event, _context, next) => (accepts(type.read(event) as BodyOf<T>) ? next() : []);
}
