import { backPressure } from "../../actors/pause.ts";
import type { QueueRow, Trouble } from "./wire.ts";

/** Waits of the oldest ready event, in ms: one to watch, and one that is a standstill. */
const longWait = { watch: 60_000, bad: 600_000 };
/** The share of failed attempts from which retries are worth a look. */
const manyFailures = 0.2;
const fewAttempts = 5;

/**
 * Returns why a queue needs a person, the worst first.
 *
 * @param isRead Whether a process reads it.
 */
export function troubleOf(row: Omit<QueueRow, "trouble">, isRead: boolean): readonly Trouble[] {
  const { dead, oldestMs = 0, pauses, late = [], done, failed } = row;
  const found: Trouble[] = [];
  if (dead > 0) found.push({ level: "bad", text: dead === 1 ? "1 dead letter" : `${dead} dead letters` });
  for (const text of new Set(
    pauses.flatMap(({ by, operator }) => (by === backPressure ? [] : `paused by ${operator ?? by}`)),
  ))
    found.push({ level: "bad", text });
  for (const text of late) found.push({ level: "bad", text });
  for (const reason of new Set(pauses.flatMap(({ by, reason: one }) => (by === backPressure ? one : []))))
    found.push({ level: "watch", text: `waits: ${reason}` });
  if (!isRead) found.push({ level: row.ready > 0 ? "bad" : "watch", text: "no process reads it" });
  if (oldestMs >= longWait.watch)
    found.push({
      level: oldestMs >= longWait.bad ? "bad" : "watch",
      text: `an event has waited for ${minutes(oldestMs)}`,
    });
  if (failed >= fewAttempts && failed >= manyFailures * (done + failed))
    found.push({ level: "watch", text: `${Math.round((100 * failed) / (done + failed))}% of attempts fail` });
  return found.toSorted((one, other) => Number(other.level === "bad") - Number(one.level === "bad"));
}

function minutes(ms: number): string {
  const count = Math.floor(ms / 60_000);
  return count === 1 ? "1 minute" : `${count} minutes`;
}
