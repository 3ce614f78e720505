import { incompatibilities, isSameSchema } from "../../schemas/compatibility.ts";
import { schemaId, type NewSchema, type SchemaRegistry, type SchemaVersion } from "../../schemas/registry.ts";
import { loadedFormats } from "./sources.ts";

/** A problem of a schema. */
export interface SchemaProblem {
  readonly subject: string;
  readonly problem: string;
}

/** The schemas to check. */
export interface CheckedSchemas {
  readonly own: SchemaRegistry;
  /** The registry with the versions that are in use. @default None: the versions are held against each other. */
  readonly against?: SchemaRegistry | undefined;
  /** The schemas of the code. */
  readonly declared: readonly NewSchema[];
}

/** Returns the problems of schemas: versions that changed, and changes that are not compatible. */
export async function schemaProblems({ own, against, declared }: CheckedSchemas): Promise<readonly SchemaProblem[]> {
  const subjects = new Set([...(await own.subjects()), ...declared.map(({ subject }) => subject)]);
  const problems = [...subjects].toSorted().map(async (subject) => {
    const versions = await own.versions(subject);
    const used = against ? await against.versions(subject) : [];
    const code = declared.filter((one) => one.subject === subject);
    const mode = await own.compatibility(subject);
    const all = [...versions, ...used, ...code];
    // Only a comparison needs the packages of the formats.
    const formats = all.length < 2 ? [] : await loadedFormats(all.map(({ format }) => format));
    const fresh = versions.filter(({ version }) => version > (used.at(-1)?.version ?? 0));
    return [
      ...changedVersions(versions, used),
      ...fresh.flatMap((next) => {
        const before = [...used, ...fresh].filter(({ version }) => version < next.version);
        return incompatibilities(next, before, mode, formats);
      }),
      ...code.flatMap((next) => {
        const before = versions.length > 0 ? versions : used;
        const latest = before.at(-1);
        if (!latest || latest.format !== next.format || isSameSchema(latest, next)) return [];
        const found = incompatibilities(next, before, mode, formats);
        return found.length > 0
          ? found
          : [`the schema of the code is not version ${latest.version}: add it with beehive schema push`];
      }),
    ].map((problem) => ({ subject, problem }));
  });
  return (await Promise.all(problems)).flat();
}

/** Returns versions that are in use and are gone, or have changed. */
function changedVersions(versions: readonly SchemaVersion[], used: readonly SchemaVersion[]): readonly string[] {
  return used.flatMap((old) => {
    const { subject, version } = old;
    const now = versions.find((one) => one.version === version);
    if (now && isSameSchema(now, old)) return [];
    const last = Math.max(version, versions.at(-1)?.version ?? 0);
    return [
      now
        ? `${schemaId(subject, version)} has changed, and a version never changes: add version ${last + 1}`
        : `${schemaId(subject, version)} is gone, and events of it may be there`,
    ];
  });
}
