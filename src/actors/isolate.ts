/**
 * Runs an actor in a pool of threads, so that its computations hold up no other actor.
 *
 * @example
 * @actorDescription("Photo-Resize", { isolate: { thread: import.meta.url } })
 */
export interface Isolation {
  /** The URL of the module that exports the actor: `import.meta.url` in that module. Each thread imports it. */
  readonly thread: string;
}
