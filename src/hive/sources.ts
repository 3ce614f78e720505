import { withFields } from "../base/logger.ts";
import type { Followed } from "../controls/follower.ts";
import type { SampledSource } from "../controls/heartbeats.ts";
import type { Hold } from "../actors/pause.ts";
import type { RunningSource, Source, SourceContext } from "./source.ts";

/** The sources of one hive: started together, held by operators one by one. */
export class Sources {
  readonly #sources: readonly Source[];
  readonly #context: SourceContext;
  readonly #running = new Map<Source, RunningSource>();
  readonly #holds = new Map<Source, Hold>();

  constructor(sources: readonly Source[], context: SourceContext) {
    this.#sources = sources;
    this.#context = context;
  }

  get count(): number {
    return this.#sources.length;
  }

  get followed(): readonly Followed[] {
    return this.#sources.map((source) => ({
      kind: "source",
      name: source.name,
      hold: (hold) => this.#hold(source, hold),
    }));
  }

  start(): void {
    for (const source of this.#sources) {
      const logger = withFields(this.#context.logger, { source: source.name });
      const running = source.start({ ...this.#context, logger });
      this.#running.set(source, running);
      const hold = this.#holds.get(source);
      if (hold) running.hold(hold);
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#running.values()].map((running) => running.stop(deadlineMs)));
  }

  sample(): readonly SampledSource[] {
    return this.#sources.map((source) => {
      const { behind, failing } = this.#running.get(source)?.state() ?? {};
      return {
        name: source.name,
        ...(behind !== undefined && { behind }),
        ...(failing !== undefined && { failing }),
      };
    });
  }

  /** Operators may hold a source before it starts. */
  #hold(source: Source, hold: Hold | undefined): void {
    if (hold) this.#holds.set(source, hold);
    else this.#holds.delete(source);
    this.#running.get(source)?.hold(hold);
  }
}
