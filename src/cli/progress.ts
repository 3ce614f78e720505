import { SingleBar } from "cli-progress";
import type { Output } from "./output.ts";

/** How far something is, on a terminal; nothing anywhere else. */
export interface Progress {
  /** @param shown what the format names in braces. */
  update(done: number, shown?: object): void;
  /** Takes it from the screen. */
  end(): void;
}

/**
 * Shows progress on the standard error, when a person sees it.
 *
 * @param format in the words of cli-progress: `{bar} {percentage}% {events} events`.
 * @param total what `done` ends with.
 */
export function progress(output: Output, format: string, total: number, shown: object = {}): Progress {
  if (!output.showsProgress) return { update() {}, end() {} };
  const bar = new SingleBar({ format, stream: output.stderr, hideCursor: true, clearOnComplete: true, fps: 10 });
  bar.start(total, 0, shown);
  return {
    update: (done, now) => bar.update(Math.min(done, total), now),
    end: () => bar.stop(),
  };
}
