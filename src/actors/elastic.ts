/**
 * The bounds of a `parallelism` that follows the load.
 *
 * @example
 * @actorDescription("Page-Fetch", { parallelism: { min: 2, max: 64 } })
 */
export interface Elastic {
  readonly min: number;
  readonly max: number;
}

/** A fixed number of slots, or bounds. */
export type Parallelism = number | Elastic;

/** The slots of a descriptor: at most `parallelism`, which follows the load if it is elastic. */
export interface SlotSettings {
  readonly parallelism: number;
  readonly elastic?: Elastic | undefined;
}
