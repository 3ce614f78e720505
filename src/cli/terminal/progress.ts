import { SingleBar } from "cli-progress";
import type { Output } from "../output.ts";

/** A progress bar. */
export interface Progress {
  /** @param shown Values for the names in braces of the format. */
  update(done: number, shown?: object): void;
  /** Removes the bar from the screen. */
  end(): void;
}

/**
 * Shows a progress bar on the standard error, if it is a terminal.
 *
 * @param format A format of cli-progress, such as `{bar} {percentage}% {events} events`.
 * @param total The value of `done` at the end.
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
