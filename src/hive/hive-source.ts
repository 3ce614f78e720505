import type { ByOperator, OperatorPause, PauseOptions } from "../controls/controls.ts";
import type { Operating } from "./operating.ts";

/**
 * A source, to look after. Returned by `hive.source(name)`.
 *
 * @example
 * await hive.source("orders").pause({ reason: "stocktaking", by: "ada" });
 */
export class HiveSource {
  readonly name: string;
  readonly #operator: Operating;

  /** @internal Created by `hive.source`. */
  constructor(name: string, operator: Operating) {
    this.name = name;
    this.#operator = operator;
  }

  /**
   * Reads nothing in any process until an operator resumes, or until the end of the pause.
   *
   * @throws BeeHiveError `NotFound` when no process runs the source, `InvalidConfiguration` for a wrong option.
   */
  async pause(options: PauseOptions): Promise<void> {
    await this.#operator.assertSource(this.name);
    await this.#operator.controls.pause("source", this.name, options);
  }

  /**
   * Reads again. Does nothing for a source that is not paused, and returns false.
   *
   * @throws BeeHiveError `NotFound` when no process runs the source.
   */
  async resume(options: ByOperator): Promise<boolean> {
    const ended = await this.#operator.controls.resume("source", this.name, options);
    if (!ended) await this.#operator.assertSource(this.name);
    return ended;
  }

  /** Returns the pause; `undefined` when there is none. */
  async paused(): Promise<OperatorPause | undefined> {
    return (await this.#operator.states()).sources.get(this.name)?.pause;
  }
}
