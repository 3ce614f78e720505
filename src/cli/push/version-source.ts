import { declaredTypes, isEventType } from "../../events/event-type.ts";
import type { CommandContext } from "../command.ts";
import { importFile } from "../import-file.ts";
import type { VersionSource } from "./body-versions.ts";

interface Options {
  /** Paths of modules, separated by commas. */
  readonly modules?: string;
  readonly schemaVersion?: number;
}

/** Returns the declared and imported event types of modules, and the version of the command line. */
export async function versionsOf(settings: CommandContext["settings"], options: Options): Promise<VersionSource> {
  const { modules, schemaVersion: given } = options;
  const paths = modules?.split(",").map((path) => path.trim()) ?? (await settings()).modules ?? [];
  if (paths.length === 0) return { types: undefined, given };
  const loaded = await Promise.all(paths.map(importFile));
  // Types made by another copy of the library are found among the exports only.
  const exported = loaded.flatMap((module) => Object.values(module)).filter(isEventType);
  return { types: [...exported, ...declaredTypes()], given };
}
