import type { Event } from "../../events/event.ts";
import type { EventType } from "../../events/event-type.ts";
import { versionProperty } from "../../events/event-version.ts";
import { UsageError } from "../exit-code.ts";

/** The sources of body versions, known before the first body is read. */
export interface VersionSource {
  /** The types that the modules declare; `undefined` when no module was named. */
  readonly types: readonly EventType<unknown>[] | undefined;
  /** The version of all bodies by `--schema-version`. */
  readonly given: number | undefined;
}

/**
 * Returns the event with the version of its body. Checks the body against the schema of its type first.
 *
 * @throws UsageError when the version is unknown, because a reader would take the body for version 1.
 * @throws BeeHiveError `BodyUnreadable` when no reader of that type could read the body.
 */
export function withBodyVersion(event: Event, { types, given }: VersionSource): Event {
  const type = latest(types?.filter(({ name }) => name === event.eventType) ?? []);
  const own = event.properties[versionProperty];
  const version = own ?? given ?? (types && (type?.version ?? 1));
  if (version === undefined) throw new UsageError(missingVersionText(event.eventType));
  // Like `create`, add no version to a body of version 1.
  const versioned =
    own !== undefined || version === 1
      ? event
      : event.clone({ id: event.id, properties: { ...event.properties, [versionProperty]: version } });
  type?.read(versioned);
  return versioned;
}

/** Returns the message for bodies of an unknown version, with ways to set it. */
export function missingVersionText(eventType: string): string {
  return (
    `The version of the bodies of ${eventType} is unknown. Name the modules that declare the type, ` +
    'with --modules src/actors.ts or "modules" in beehive.config.json, or add --schema-version 1.'
  );
}

function latest(types: readonly EventType<unknown>[]): EventType<unknown> | undefined {
  return types.toSorted((a, b) => b.version - a.version)[0];
}
