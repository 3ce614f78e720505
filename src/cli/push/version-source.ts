import { declaredTypes, isEventType } from "../../events/event-type.ts";
import type { CommandContext } from "../command.ts";
import { importFile } from "../import-file.ts";
import type { VersionSource } from "./body-versions.ts";

interface Options {
  /** Paths of modules, with commas between. */
  readonly modules?: string;
  readonly schemaVersion?: number;
}

/** The types that modules declare, or import from those that do, and what the command line says instead. */
export async function versionsOf(settings: CommandContext["settings"], options: Options): Promise<VersionSource> {
  const { modules, schemaVersion: said } = options;
  const paths = modules?.split(",").map((path) => path.trim()) ?? (await settings()).modules ?? [];
  if (paths.length === 0) return { types: undefined, said };
  const loaded = await Promise.all(paths.map(importFile));
  // Those of another copy of the library are found among the exports alone.
  const exported = loaded.flatMap((module) => Object.values(module)).filter(isEventType);
  return { types: [...exported, ...declaredTypes()], said };
}
