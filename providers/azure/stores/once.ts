/** Work that runs once, at the first call. After a failure, the next call runs it again. */
export class Once {
  readonly #work: () => Promise<void>;
  #done: Promise<void> | undefined;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  done(): Promise<void> {
    this.#done ??= this.#work().catch((error: unknown) => {
      this.#done = undefined;
      throw error;
    });
    return this.#done;
  }
}
