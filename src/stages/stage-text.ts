import { extname } from "node:path";
import type { Parallelism } from "../actors/elastic.ts";

/** A stage to write: the texts of its actors, and its settings as texts or numbers. */
export interface WrittenStage {
  readonly name: string;
  readonly actors: readonly string[];
  readonly settings: Readonly<Record<string, string | Parallelism>>;
}

/** Returns a stage file as INI, YAML or JSON, by its name. */
export async function stagesText(stages: readonly WrittenStage[], path: string): Promise<string> {
  if (extname(path) === ".ini") return stages.map(iniSection).join("\n");
  const content = Object.fromEntries(stages.map(({ name, actors, settings }) => [name, { actors, ...settings }]));
  if (extname(path) === ".json") return `${JSON.stringify(content, undefined, 2)}\n`;
  const { stringify } = await import("yaml");
  return stringify(content);
}

function iniSection({ name, actors, settings }: WrittenStage): string {
  const lines = Object.entries(settings).map(([setting, value]) => {
    const text = typeof value === "object" ? `${value.min} to ${value.max}` : value;
    return `${setting} = ${text}`;
  });
  return [`[${name}]`, ...lines, ...actors.map((actor) => `actors[] = ${actor}`), ""].join("\n");
}
