/** What may say that it is to be disposed: by the symbols of the language, or by a plain method. */
type MaybeDisposable = Partial<Disposable & AsyncDisposable> & { dispose?(): unknown };

/** Whether there is anything to dispose: most actors have nothing. */
export function isDisposable(actor: object): boolean {
  return Symbol.asyncDispose in actor || Symbol.dispose in actor || "dispose" in actor;
}

/** Disposes an actor that asks for it. */
export async function dispose(actor: object): Promise<void> {
  const disposable = actor as MaybeDisposable;
  if (disposable[Symbol.asyncDispose]) await disposable[Symbol.asyncDispose]?.();
  else if (disposable[Symbol.dispose]) disposable[Symbol.dispose]?.();
  else await disposable.dispose?.();
}
