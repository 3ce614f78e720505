import type { Event } from "../../events/event.ts";
import type { EventType } from "../../events/event-type.ts";
import { versionProperty } from "../../events/event-version.ts";
import { UsageError } from "../exit-code.ts";

/** What is known of the versions of bodies before the first is read. */
export interface VersionSource {
  /** The types that the modules declare; `undefined` when no module was named. */
  readonly types: readonly EventType<unknown>[] | undefined;
  /** What the command line says of all bodies. */
  readonly said: number | undefined;
}

/**
 * Returns the event with the version of its body, which is checked against the schema of its type.
 *
 * @throws UsageError when nobody says the version: a reader would take it for the first and change the body.
 * @throws BeeHiveError `BodyUnreadable` when no reader of that type could read it.
 */
export function withBodyVersion(event: Event, { types, said }: VersionSource): Event {
  const type = latest(types?.filter(({ name }) => name === event.eventType) ?? []);
  const own = event.properties[versionProperty];
  const version = own ?? said ?? (types && (type?.version ?? 1));
  if (version === undefined) throw new UsageError(whoSays(event.eventType));
  // As `create` has it: a body of version 1 says nothing of it.
  const versioned =
    own !== undefined || version === 1
      ? event
      : event.clone({ id: event.id, properties: { ...event.properties, [versionProperty]: version } });
  type?.read(versioned);
  return versioned;
}

/** What to do when nobody says the version of the bodies. */
export function whoSays(eventType: string): string {
  return (
    `Nobody says of which version the bodies of ${eventType} are. Name the modules that declare the type, --modules src/actors.ts ` +
    'or "modules" in beehive.config.json, or say --schema-version 1.'
  );
}

function latest(types: readonly EventType<unknown>[]): EventType<unknown> | undefined {
  return types.toSorted((a, b) => b.version - a.version)[0];
}
