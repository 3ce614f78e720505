import { SingleBar } from "cli-progress";
import type { Tally } from "./tally.ts";

/** Shows the progress of the shop on a terminal; returns a function that ends the display. */
export function showProgress(orders: number, tally: Tally): () => void {
  const bar = new SingleBar({
    format: "{bar} {value}/{total} orders · {cancelled} cancelled · {shortages} shortages · {events} events",
    stream: process.stdout,
    hideCursor: true,
    clearOnComplete: true,
  });
  const draw = (): void => {
    const cancelled = tally.of("OrderCancelled");
    // An event may be delivered twice, so the count is approximate.
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
