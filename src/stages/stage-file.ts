import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { maxBatch, slotProblems, slotSettings } from "../actors/descriptor.ts";
import type { Parallelism } from "../actors/elastic.ts";
import { durationProblems, inMs } from "../base/duration.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { nearestOf } from "../base/nearest.ts";
import { delay, numberProblems, time, valueText, wholeNumber } from "../base/numbers.ts";
import { throwProblems } from "../base/problems.ts";
import { sourceOf, type Problem, type Source } from "./source.ts";

/** A line of a stage that selects actors: `billing.ts#InvoiceActor`, `billing.ts#*Ledger` or `MemberChanged-*`. */
export interface StageEntry {
  readonly text: string;
  /** The module before `#`, as an absolute path; `undefined` for an entry that selects among all actors. */
  readonly module: string | undefined;
  /** The name of an export, an actor or a subscription; `*` stands for any text. */
  readonly pattern: string;
  readonly line: number;
}

/** Settings of all actors of a stage, and of the process that runs it. They win over decorators. */
export interface StageSettings {
  /** Not of actors that take batches. */
  readonly parallelism?: Parallelism;
  /** Of actors that take batches. */
  readonly batchSize?: number;
  /** Of actors that take batches; in ms. */
  readonly batchInterval?: number;
  /** See {@link ActorOptions.maxLag}; in ms. */
  readonly maxLag?: number;
  /** See {@link HiveOptions.maxInFlight}. */
  readonly maxInFlight?: number;
  /** The memory above which the process of the stage ends, to be started anew; in bytes. */
  readonly memory?: number;
}

/** A stage: actors that one process, or a part of one, works for. */
export interface Stage {
  readonly name: string;
  readonly actors: readonly StageEntry[];
  readonly settings: StageSettings;
  /** The settings as they stand in the file. */
  readonly given: Readonly<Record<string, string | Parallelism>>;
}

/** The stages of an application. */
export interface StageFile {
  readonly path: string;
  readonly stages: readonly Stage[];
}

/** The name of the stage that processes share out among themselves. */
export const autoStage = "auto";

const stageName = /^[\p{L}_][\p{L}\p{N}_-]{0,63}$/u;
const bytesIn: Readonly<Record<string, number>> = { MB: 2 ** 20, GB: 2 ** 30 };

/** The settings of a stage: each returns its value from the text of the file, or its problems. */
const readers: Readonly<Record<keyof StageSettings, (value: unknown) => Parallelism | readonly string[]>> = {
  parallelism: (value) => {
    const [, min, max] = /^(\d+) to (\d+)$/.exec(String(value)) ?? [];
    const parallelism = max === undefined ? wholeIn(value) : { min: Number(min), max: Number(max) };
    return checked(parallelism, slotProblems(slotSettings(parallelism as Parallelism)));
  },
  batchSize: (value) => checked(wholeIn(value), numberProblems("batchSize", wholeIn(value), wholeNumber(1, maxBatch))),
  batchInterval: (value) => checked(inMs(wholeIn(value)), durationProblems("batchInterval", wholeIn(value), delay)),
  maxLag: (value) => checked(inMs(wholeIn(value)), durationProblems("maxLag", wholeIn(value), time)),
  maxInFlight: (value) => checked(wholeIn(value), numberProblems("maxInFlight", wholeIn(value), wholeNumber(1))),
  memory: (value) => {
    const [, count, unit = ""] = /^(\d+(?:\.\d+)?) ?([MG]B)$/.exec(String(value)) ?? [];
    if (count !== undefined && Number(count) > 0) return Number(count) * (bytesIn[unit] ?? 1);
    return [`memory must be a size such as 512MB or 2GB, not ${valueText(value)}`];
  },
};
const settingNames = ["actors", ...Object.keys(readers)];

/**
 * Reads a stage file: INI, YAML or JSON, by its name.
 *
 * @throws BeeHiveError `InvalidConfiguration` when it cannot be read, or with every problem, its file and its line.
 * @example
 * const file = await readStages("stages.ini");
 */
export async function readStages(path: string): Promise<StageFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  return stagesIn(await sourceOf(text, path), path);
}

/** Returns the stages of a text. @throws BeeHiveError as {@link readStages}. */
export function stagesIn(source: Source, path: string): StageFile {
  const problems: Problem[] = [...source.problems];
  const stages: Stage[] = [];
  if (isObject(source.content))
    for (const [name, value] of Object.entries(source.content))
      stages.push(stageOf(name, value, source, path, problems));
  if (problems.length === 0 && stages.length === 0)
    problems.push({ line: 1, text: "it has no stage; begin one with [billing] in INI, billing: in YAML" });
  throwAt(path, problems);
  return { path, stages };
}

/** Throws one error with every problem, each with its file and line. */
export function throwAt(path: string, problems: readonly Problem[]): void {
  const sorted = problems.toSorted((a, b) => a.line - b.line);
  throwProblems(
    sorted.map(({ line, text }) => `${path}:${line}: ${text}`),
    "The stage file is wrong",
  );
}

function stageOf(name: string, value: unknown, { lineOf }: Source, path: string, problems: Problem[]): Stage {
  const add = (at: readonly (string | number)[], text: string): void => void problems.push({ line: lineOf(at), text });
  if (name === autoStage) add([name], `no stage may be called ${autoStage}, which is shared out by the processes`);
  else if (!stageName.test(name)) add([name], `the name "${name}" must be letters, digits, - and _, from a letter on`);
  if (!isObject(value)) {
    add([name], `${name} stands outside of a stage, or is none: a stage has actors and settings`);
    return { name, actors: [], settings: {}, given: {} };
  }
  const settings: Record<string, Parallelism> = {};
  for (const [key, given] of Object.entries(value)) {
    if (key === "actors") continue;
    const read = Object.hasOwn(readers, key) ? readers[key as keyof StageSettings](given) : [notASetting(key)];
    if (isProblems(read)) for (const text of read) add([name, key], text);
    else settings[key] = read;
  }
  const given = value["actors"];
  const items: readonly unknown[] = Array.isArray(given) ? given : given === undefined ? [] : [given];
  const actors = items.flatMap((item, index) => {
    const line = lineOf([name, "actors", index]);
    if (typeof item === "string") return entriesIn(item, path, line);
    add([name, "actors", index], `an actor must be a text such as billing.ts#InvoiceActor, not ${valueText(item)}`);
    return [];
  });
  for (const { text, line, pattern, module } of actors)
    if (pattern === "" || module === "") problems.push({ line, text: `"${text}" names no actor: write module#export` });
  if (items.length === 0) add([name], `stage ${name} has no actors`);
  const { actors: _, ...texts } = value;
  return { name, actors, settings, given: texts as Stage["given"] };
}

function entriesIn(list: string, path: string, line: number): StageEntry[] {
  const texts = list.split(",").map((text) => text.trim());
  return texts
    .filter((text) => text !== "")
    .map((text) => {
      const at = text.lastIndexOf("#");
      const module = at < 0 ? undefined : text.slice(0, at).trim();
      const resolved = module === undefined || module === "" ? module : resolve(dirname(path), module);
      return { text, module: resolved, pattern: text.slice(at + 1).trim(), line };
    });
}

function notASetting(key: string): string {
  const near = nearestOf(key, settingNames);
  return `${key} is not a setting; ${near === undefined ? `there are ${settingNames.join(", ")}` : `is it ${near}?`}`;
}

/** Returns the number that a text of INI stands for, or the value unchanged. */
function wholeIn(value: unknown): unknown {
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
}

function checked(value: unknown, problems: readonly string[]): Parallelism | readonly string[] {
  return problems.length > 0 ? problems : (value as Parallelism);
}

function isProblems(read: Parallelism | readonly string[]): read is readonly string[] {
  return Array.isArray(read);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
