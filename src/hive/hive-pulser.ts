import type { ByOperator, OperatorPause, PauseOptions } from "../controls/controls.ts";
import type { Operating } from "./operating.ts";

/**
 * A pulser, to look after. Returned by `hive.pulser(name)`.
 *
 * @example
 * await hive.pulser("Nightly").pause({ reason: "stocktaking", until: new Date("2026-03-02"), by: "ada" });
 */
export class HivePulser {
  readonly name: string;
  readonly #operator: Operating;

  /** @internal Created by `hive.pulser`. */
  constructor(name: string, operator: Operating) {
    this.name = name;
    this.#operator = operator;
  }

  /**
   * Fires nothing in any process until an operator resumes, or until the end of the pause.
   *
   * Pulses that fall due meanwhile are missed, see {@link Schedule}.
   *
   * @throws BeeHiveError `NotFound` when no process has run the pulser, `InvalidConfiguration` for a wrong option.
   */
  async pause(options: PauseOptions): Promise<void> {
    await this.#operator.assertPulser(this.name);
    await this.#operator.controls.pause("pulser", this.name, options);
  }

  /**
   * Fires again. Does nothing for a pulser that is not paused, and returns false.
   *
   * @throws BeeHiveError `NotFound` when no process has run the pulser.
   */
  async resume(options: ByOperator): Promise<boolean> {
    const ended = await this.#operator.controls.resume("pulser", this.name, options);
    if (!ended) await this.#operator.assertPulser(this.name);
    return ended;
  }

  /** Returns the pause; `undefined` when there is none. */
  async paused(): Promise<OperatorPause | undefined> {
    return (await this.#operator.states()).pulsers.get(this.name)?.pause;
  }
}
