/**
 * A queue downstream that holds an actor while it is full.
 *
 * @example
 * @actorDescription("Order-Print", { holdWhen: { queue: "Render-Pdf", above: 10_000 } })
 */
export interface HoldWhen {
  /** The subscription or queue whose ready events count. */
  readonly queue: string;
  /** The ready events that must not be exceeded. */
  readonly above: number;
  /** The ready events at which the actor goes on. @default 80% of `above` */
  readonly below?: number | undefined;
}
