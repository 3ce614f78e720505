const makes = ["createSession", "createReceiver", "createSender", "createAwaitableSender"] as const;

/** What sessions and links are made by: a connection, and each session. */
type Maker = { [name in (typeof makes)[number]]?: (...given: unknown[]) => Promise<Made> };

/** A session or a link. */
interface Made extends Maker {
  close?(...given: unknown[]): Promise<void>;
}

export interface ClosingConnection extends Maker {
  on(event: "disconnected", listener: () => void): void;
}

/**
 * Lets the closing of sessions and links end when their connection breaks meanwhile, and never fail. In rhea-promise 3.0.3 it
 * waits for ever in the one case, and the SDK with it, which then neither reconnects nor receives again. In the other it
 * fails after its time-out where the SDK handles no failure, which would end the process: so a network that goes silent
 * for a while would end a consumer for good.
 */
export function endClosings(connection: ClosingConnection): void {
  const closings = new Closings();
  connection.on("disconnected", () => closings.endAll());
  closings.watch(connection);
}

class Closings {
  readonly #ends = new Set<() => void>();
  /** A link is handed on by the session that makes it and by its connection. */
  readonly #watched = new WeakSet<Made>();

  endAll(): void {
    for (const end of this.#ends) end();
  }

  /** Watches what is made from now on, by itself or by what it makes. */
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
