/** A promise with the function that resolves it. */
export class Latch<T> {
  readonly promise: Promise<T>;
  /** Resolves the promise. Later calls do nothing. */
  resolve: (value: T) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}
