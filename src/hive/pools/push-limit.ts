import { durationProblems, type Duration } from "../../base/duration.ts";
import { delay, numberProblems, wholeNumber } from "../../base/numbers.ts";
import { objectProblems } from "../../base/problems.ts";
import { queueProblems } from "../../actors/queue-problems.ts";

/**
 * A limit of the events that wait in a queue, for `hive.push`.
 *
 * @example
 * createHive({ limits: [{ queue: "Render-Pdf", above: 10_000, onFull: "wait", maxWait: "10s" }] });
 */
export interface PushLimit {
  /** The subscription or queue. A push to its topic is limited. */
  readonly queue: string;
  /** The ready events from which nothing more is pushed. */
  readonly above: number;
  /** `refuse` throws {@link Overloaded} at once. `wait` waits for room, up to `maxWait`. @default "refuse" */
  readonly onFull?: "refuse" | "wait" | undefined;
  /** The longest wait, after which the push throws {@link Overloaded}. Only with `wait`. @default "30s" */
  readonly maxWait?: Duration | undefined;
}

const names = ["queue", "above", "onFull", "maxWait"];

/** Returns what is wrong with the option `limits`, in words. */
export function pushLimitProblems(limits: unknown): string[] {
  if (limits === undefined) return [];
  if (!Array.isArray(limits)) return ['limits must be a list, such as [{ queue: "Render-Pdf", above: 10_000 }]'];
  return (limits as readonly unknown[]).flatMap((limit, index) => {
    const at = `limits[${index}]`;
    const problems = objectProblems(at, limit);
    if (problems.length > 0) return problems;
    const { queue, above, onFull = "refuse", maxWait } = limit as Partial<PushLimit>;
    return [
      ...Object.keys(limit as object)
        .filter((name) => !names.includes(name))
        .map((name) => `${at}.${name} is not an option; there are ${names.join(", ")}`),
      ...queueProblems(`${at}.queue`, queue),
      ...numberProblems(`${at}.above`, above, wholeNumber(1)),
      ...(["refuse", "wait"].includes(onFull) ? [] : [`${at}.onFull must be refuse or wait`]),
      ...(maxWait === undefined ? [] : durationProblems(`${at}.maxWait`, maxWait, delay)),
      ...(maxWait !== undefined && onFull !== "wait" ? [`${at}.maxWait needs onFull: "wait"`] : []),
    ];
  });
}
