/** What may say that it is to be disposed: by the symbols of the language, or by a plain method. */
type MaybeDisposable = Partial<Disposable & AsyncDisposable> & { dispose?(): unknown };

/** Disposes an actor that asks for it. */
export async function dispose(actor: object): Promise<void> {
  const {
    [Symbol.asyncDispose]: asyncDispose,
    [Symbol.dispose]: syncDispose,
    dispose: method,
  } = actor as MaybeDisposable;
  if (asyncDispose) await asyncDispose.call(actor);
  else if (syncDispose) syncDispose.call(actor);
  else await method?.call(actor);
}
