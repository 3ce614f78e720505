import { afterThisTurn } from "../base/clock.ts";

/** After so many polls the event loop turns: few enough to notice signals at once, many enough to cost nothing. */
const pollsInATurn = 16;

let polls = 0;
let turn: Promise<void> | undefined;

/**
 * What a poll waits for before it leases, if for anything. A provider that answers without I/O would keep the process
 * in microtasks for as long as there are events: no timer, no signal, no socket would have its turn, renewal of leases
 * included. So now and then all polls wait until the event loop has turned once. It is one for the whole process, as
 * the event loop is.
 */
export function breather(): Promise<void> | undefined {
  if (!turn && ++polls % pollsInATurn === 0) {
    turn = new Promise((resolve) =>
      afterThisTurn(() => {
        turn = undefined;
        resolve();
      }),
    );
  }
  return turn;
}
