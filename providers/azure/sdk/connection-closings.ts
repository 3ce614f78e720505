const makes = ["createSession", "createReceiver", "createSender", "createAwaitableSender"] as const;

/** Makes sessions and links: a connection, and each session. */
type Maker = { [name in (typeof makes)[number]]?: (...given: unknown[]) => Promise<Made> };

/** A session or a link. */
interface Made extends Maker {
  close?(...given: unknown[]): Promise<void>;
}

export interface ClosingConnection extends Maker {
  on(event: "disconnected", listener: () => void): void;
}

/**
 * Ends the closing of sessions and links when their connection breaks, and never lets it fail.
 *
 * Without this, in rhea-promise 3.0.3, a closing waits for ever after its connection broke, and the SDK neither
 * reconnects nor receives again. A closing that times out rejects where the SDK handles no error, which ends the
 * process. A network that is silent for a while would so end a consumer for good.
 */
export function endClosings(connection: ClosingConnection): void {
  const closings = new Closings();
  connection.on("disconnected", () => closings.endAll());
  closings.watch(connection);
}

class Closings {
  readonly #ends = new Set<() => void>();
  /** A link passes through the session that makes it and through its connection: watch it once. */
  readonly #watched = new WeakSet<Made>();

  endAll(): void {
    for (const end of this.#ends) end();
  }

  /** Watches the sessions and links that a maker makes from now on. */
  watch(maker: Maker): void {
    for (const name of makes) {
      const make = maker[name]?.bind(maker);
      if (make) maker[name] = async (...given) => this.#made(await make(...given));
    }
  }

  #made(made: Made): Made {
    if (this.#watched.has(made)) return made;
    this.#watched.add(made);
    this.watch(made);
    const close = made.close?.bind(made);
    if (close) made.close = (...given) => this.#closing(close(...given));
    return made;
  }

  #closing(closed: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#ends.delete(end);
        resolve();
      };
      this.#ends.add(end);
      closed.then(end, end);
    });
  }
}
