import { SingleBar } from "cli-progress";
import type { Tally } from "./tally.ts";

/** Shows how far the shop is, on a terminal; returns what ends the show. */
export function showProgress(orders: number, tally: Tally): () => void {
  const bar = new SingleBar({
    format: "{bar} {value}/{total} orders · {cancelled} cancelled · {shortages} shortages · {events} events",
    stream: process.stdout,
    hideCursor: true,
    clearOnComplete: true,
  });
  const draw = (): void => {
    const cancelled = tally.of("OrderCancelled");
    // An event may be told twice, so that the count is only about right.
    const done = Math.min(orders, cancelled + tally.of("OrderShipped"));
    bar.update(done, { cancelled, shortages: tally.of("ProductOutOfStock"), events: tally.total });
  };
  bar.start(orders, 0, { cancelled: 0, shortages: 0, events: 0 });
  const timer = setInterval(draw, 50);
  return () => {
    clearInterval(timer);
    draw();
    bar.stop();
  };
}
