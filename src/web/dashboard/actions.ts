import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { safeText } from "../../base/safe-text.ts";
import type { HivePulser } from "../../hive/hive-pulser.ts";
import type { Operator } from "../../hive/operator.ts";
import { drop, mend, requeue, type ChosenLetters, type Mending } from "./letters.ts";
import { send } from "./sending.ts";
import type { Watched } from "./watched.ts";
import type { Progress, Sending } from "./wire.ts";

/** Whom an action is done for, and on what. */
interface Acting {
  readonly watched: Watched;
  /** The name of the operator, for the record. */
  readonly by: string;
}

const maxMessage = 1_000;

type Given = Readonly<Record<string, unknown>>;

/** The actions of an operator, each by its name. */
const actions: Readonly<Record<string, (given: Given, acting: Acting) => Promise<object>>> = {
  send: async (given, { watched, by }) => {
    const id = await send(sendingIn(given), watched);
    await watched.operator.controls.acts.record({ by, act: "send", on: textIn(given, "type"), detail: id });
    return { id };
  },
  drop: async (given, { watched, by }) => ({ dropped: await drop(lettersIn(given), watched, by) }),
  mend: async (given, { watched, by }) => {
    const { queue, id } = { queue: textIn(given, "queue"), id: textIn(given, "id") };
    const changes = { body: maybeTextIn(given, "body"), type: maybeTextIn(given, "type") };
    await mend({ queue, id, ...changes, properties: propertiesIn(given) }, watched, by);
    return {};
  },
  cancel: async (given, { watched: { operator }, by }) => {
    const cancelled = await operator.cancel({ id: textIn(given, "id") }, { by });
    if (cancelled > 0) return { cancelled };
    throw new BeeHiveError(
      "InvalidState",
      "It was not cancelled: an actor works on it, it is done, or its topic keeps its events.",
    );
  },
  purge: async (given, { watched: { operator }, by }) => ({
    purged: await operator.queue(textIn(given, "queue")).purge({ by }),
  }),
  pause: async (given, { watched: { operator, clock }, by }) => {
    const forMs = numberIn(given, "forMs");
    const until = forMs === undefined ? undefined : new Date(clock.now() + forMs);
    await targetIn(given, operator).pause({ reason: textIn(given, "reason"), until, by });
    return {};
  },
  resume: async (given, { watched: { operator }, by }) => {
    await targetIn(given, operator).resume({ by });
    return {};
  },
  set: async (given, { watched: { operator }, by }) => {
    const limit = numberIn(given, "limit");
    await operator.queue(textIn(given, "queue")).set({
      parallelism: numberIn(given, "parallelism") ?? "default",
      throttle: limit === undefined ? "default" : { limit, per: "1s" },
      by,
    });
    return {};
  },
};

/** Returns what to pause or resume: a queue, a pulser, a source, or all subscriptions. */
function targetIn(given: Given, operator: Operator): Pick<HivePulser, "pause" | "resume"> {
  const queue = maybeTextIn(given, "queue");
  const pulser = maybeTextIn(given, "pulser");
  if (queue !== undefined) return operator.queue(queue);
  if (pulser !== undefined) return operator.pulser(pulser);
  const source = maybeTextIn(given, "source");
  if (source !== undefined) return operator.source(source);
  return { pause: (options) => operator.pauseAll(options), resume: (options) => operator.resumeAll(options) };
}

export const actionNames: readonly string[] = Object.keys(actions);

/** Does what an operator asked for. Returns what came of it. @throws BeeHiveError `InvalidKey` for a wrong request. */
export async function act(name: string, given: unknown, acting: Acting): Promise<object> {
  return (await actions[name]?.(objectIn(given), acting)) ?? {};
}

/** Requeues dead letters in steps, and yields the progress. @throws BeeHiveError `InvalidKey` for a wrong request. */
export function steps(given: unknown, { watched, by }: Acting, signal: AbortSignal): AsyncIterable<Progress> {
  return told(requeue(lettersIn(objectIn(given)), watched, by, signal));
}

/** Yields a failure as the last line of the progress, since the response has begun. */
async function* told(progress: AsyncIterable<Progress>): AsyncGenerator<Progress, void> {
  let last: Progress = { sent: 0, total: 0 };
  try {
    for await (const one of progress) yield (last = one);
  } catch (error) {
    yield { ...last, end: "failed", detail: safeText(messageOf(error), maxMessage) };
  }
}

function lettersIn(given: Given): ChosenLetters {
  return {
    queue: textIn(given, "queue"),
    group: maybeTextIn(given, "group"),
    id: maybeTextIn(given, "id"),
    limit: numberIn(given, "limit"),
  };
}

/** Returns the changed properties, which the event checks. */
function propertiesIn(given: Given): Mending["properties"] {
  const value = Object.hasOwn(given, "properties") ? given["properties"] : undefined;
  return value === undefined || value === null ? undefined : (objectIn(value) as Mending["properties"]);
}

function sendingIn(given: Given): Sending {
  return {
    type: textIn(given, "type"),
    body: textIn(given, "body"),
    destination: maybeTextIn(given, "destination"),
    key: maybeTextIn(given, "key"),
    id: maybeTextIn(given, "id"),
  };
}

function objectIn(given: unknown): Given {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given as Given;
  throw new BeeHiveError("InvalidKey", "The request must be an object.");
}

function textIn(given: Given, name: string): string {
  const value = maybeTextIn(given, name);
  if (value !== undefined) return value;
  throw new BeeHiveError("InvalidKey", `${name} must be a text.`);
}

function maybeTextIn(given: Given, name: string): string | undefined {
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw new BeeHiveError("InvalidKey", `${name} must be a text.`);
}

function numberIn(given: Given, name: string): number | undefined {
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  throw new BeeHiveError("InvalidKey", `${name} must be a whole number from 1.`);
}
