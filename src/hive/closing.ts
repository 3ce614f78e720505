/** The parts of a hive stopped in their order: first those that bring events, then those that settle them. */
import { waitFor, type Clock } from "../base/clock.ts";
import type { HiveParts } from "./assembled.ts";

/** How long a stop waits beyond its deadline for log events and the journal, in ms. */
const closingMs = 5_000;

/**
 * Stops the parts of a hive. Actors have until the deadline, everything after them at most 5 s more.
 *
 * @param leaveIdle ends all waits for the hive to become idle.
 */
export async function closeParts(
  parts: HiveParts,
  clock: Clock,
  deadlineMs: number,
  leaveIdle: () => void,
): Promise<void> {
  const end = clock.now() + deadlineMs + closingMs;
  const soon = (work: Promise<unknown> | undefined): Promise<void> | undefined =>
    work && waitFor(work, clock, Math.max(0, Math.min(closingMs, end - clock.now())));
  parts.pools.stop();
  await Promise.all([
    ...parts.pulsers.map((pulser) => pulser.stop(deadlineMs)),
    parts.sources.stop(deadlineMs),
    parts.orchestrator.stop(deadlineMs),
    parts.children.stop(deadlineMs),
  ]);
  parts.keeper.close();
  await soon(parts.threads.close());
  await soon(parts.pendingEvents?.stop());
  await soon(parts.operated?.stop());
  await soon(parts.logEvents.settled());
  leaveIdle();
  parts.forget();
  await parts.container.close();
  for (const { descriptor } of parts.orchestrator.loops) await soon(disposedType(descriptor.actorType));
  await soon(parts.journal?.close());
}

/** Disposes what all actors of a class share, where the class has a static `Symbol.asyncDispose`. */
async function disposedType(actorType: Partial<AsyncDisposable> & object): Promise<void> {
  await actorType[Symbol.asyncDispose]?.();
}
