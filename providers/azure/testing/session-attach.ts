import type { Sender } from "rhea";
import type { Clock } from "../../../src/base/clock.ts";
import type { MessageQueue } from "./queue.ts";
import { holdAttach, refuseAttach, maxSessionWait } from "./rhea.ts";
import type { SessionLock } from "./sessions.ts";

/**
 * Grants a receiver the session that it requests. By id it does so at once or never; the next free one may take a wait.
 *
 * The attach is answered when a session is free, or refused when none is free in time. Returns a function that ends the
 * wait.
 *
 * @param open makes the link.
 */
export function attachSession(
  sender: Sender,
  { queue, id, clock }: { readonly queue: MessageQueue; readonly id: string | null; readonly clock: Clock },
  open: (session: SessionLock) => void,
): () => void {
  const lost = (): void => {
    const description = "The session lock has expired on the MessageSession. Accept a new MessageSession.";
    sender.close({ condition: "com.microsoft:session-lock-lost", description });
  };
  const granted = queue.acceptSession(id ?? undefined, sender.name, lost);
  if (granted) {
    open(granted);
    return () => {};
  }
  if (id !== null) {
    const description = `The requested session '${id}' cannot be accepted. It may be locked by another receiver.`;
    refuseAttach(sender, "com.microsoft:session-cannot-be-locked", description);
    return () => {};
  }
  const answer = holdAttach(sender);
  const end = (): void => {
    stopWaiting();
    timer.cancel();
    answer();
  };
  const stopWaiting = queue.onReady(() => {
    const session = queue.acceptSession(undefined, sender.name, lost);
    if (!session) return;
    end();
    open(session);
  });
  const timer = clock.after(maxSessionWait(sender), () => {
    end();
    refuseAttach(sender, "com.microsoft:timeout", "The operation did not complete: no session was free in time.");
  });
  sender.once("sender_close", end);
  return end;
}
