import { BeeHiveError } from "../base/errors.ts";
import type { Operator } from "./access.ts";
import { drop, requeue, type ChosenLetters } from "./letters.ts";
import { send } from "./sending.ts";
import type { Watched } from "./watched.ts";
import type { Progress, Sending } from "./wire.ts";

/** Whom an action is done for, and on what. */
interface Acting {
  readonly watched: Watched;
  readonly operator: Operator;
}

type Given = Readonly<Record<string, unknown>>;

/** The actions of an operator, each by its name. */
const actions: Readonly<Record<string, (given: Given, acting: Acting) => Promise<object>>> = {
  send: async (given, { watched }) => ({ id: await send(sendingIn(given), watched) }),
  drop: async (given, { watched }) => ({ dropped: await drop(lettersIn(given), watched) }),
};

export const actionNames: readonly string[] = Object.keys(actions);

/** Does what an operator asked for. Returns what came of it. @throws BeeHiveError `InvalidKey` for a wrong request. */
export async function act(name: string, given: unknown, acting: Acting): Promise<object> {
  return (await actions[name]?.(objectIn(given), acting)) ?? {};
}

/** Requeues dead letters in steps, and yields the progress. */
export function steps(given: unknown, watched: Watched, signal: AbortSignal): AsyncIterable<Progress> {
  return requeue(lettersIn(objectIn(given)), watched, signal);
}

function lettersIn(given: Given): ChosenLetters {
  return { queue: textIn(given, "queue"), group: textIn(given, "group"), limit: numberIn(given, "limit") };
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
