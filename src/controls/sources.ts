import type { RunningHive } from "./heartbeats.ts";
import type { ActivePause } from "./pauses.ts";

/** A source over all processes. */
export interface WatchedSource {
  readonly name: string;
  /** The number of records that the processes have yet to read; `undefined` while none knows. */
  readonly behind: number | undefined;
  /** The code or name of the error that holds it up in a process; `undefined` for none. */
  readonly failing: string | undefined;
  /** The number of processes that run it. */
  readonly hives: number;
  /** Its own pause, or that of all subscriptions. */
  readonly paused: ActivePause | undefined;
}

/** Returns each source that a process runs or an operator paused, by name. */
export function sourcesOf(hives: readonly RunningHive[], pauses: readonly ActivePause[]): readonly WatchedSource[] {
  const all = hives.flatMap(({ sources }) => sources);
  const own = pauses.filter(({ kind }) => kind === "source");
  const everything = pauses.find(({ kind, on }) => kind === "queue" && on === "*");
  const names = new Set([...all.map(({ name }) => name), ...own.map(({ on }) => on)]);
  return [...names].toSorted().map((name) => {
    const running = all.filter((source) => source.name === name);
    const known = running.flatMap(({ behind }) => behind ?? []);
    return {
      name,
      behind: known.length === 0 ? undefined : known.reduce((sum, behind) => sum + behind, 0),
      failing: running.find(({ failing }) => failing !== undefined)?.failing,
      hives: running.length,
      paused: own.find(({ on }) => on === name) ?? everything,
    };
  });
}
