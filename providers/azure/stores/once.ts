/** Work that is done once, by whoever needs it first. One that failed is tried again by the next. */
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
