import type { Logger } from "../base/logger.ts";

/** Anything that can be disposed: by `Symbol.asyncDispose`, `Symbol.dispose`, or a method `dispose`. */
type MaybeDisposable = Partial<Disposable & AsyncDisposable> & { dispose?(): unknown };

/** Returns whether an actor can be disposed; most cannot. */
export function isDisposable(actor: object): boolean {
  return Symbol.asyncDispose in actor || Symbol.dispose in actor || "dispose" in actor;
}

/** Remembers the class of actors that cannot be disposed: with many classes, the question costs more than the rest. */
export class Disposal {
  /** The prototype of the last actor that could not be disposed. */
  #without: object | null = null;

  /** The same as {@link isDisposable}, but it asks a class once. An actor may have a method of its own. */
  isDisposable(actor: object): boolean {
    const prototype = Object.getPrototypeOf(actor) as object | null;
    if (prototype !== null && prototype === this.#without) return disposesItself(actor);
    if (isDisposable(actor)) return true;
    this.#without = prototype;
    return false;
  }
}

function disposesItself(actor: object): boolean {
  return (
    Object.hasOwn(actor, Symbol.asyncDispose) || Object.hasOwn(actor, Symbol.dispose) || Object.hasOwn(actor, "dispose")
  );
}

/** Disposes an actor. A failure is logged and changes nothing of its step. */
export async function disposeActor(actor: object, logger: Logger): Promise<void> {
  const disposable = actor as MaybeDisposable;
  try {
    if (disposable[Symbol.asyncDispose]) await disposable[Symbol.asyncDispose]?.();
    else if (disposable[Symbol.dispose]) disposable[Symbol.dispose]?.();
    else await disposable.dispose?.();
  } catch (error) {
    logger.warn({ err: error }, "the actor could not be disposed");
  }
}
