import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import {
  compatibilities,
  extensions,
  formatOfFile,
  partsOfId,
  schemaId,
  type Compatibility,
  type NewSchema,
  type SchemaRegistry,
  type SchemaVersion,
} from "./registry.ts";

/** The file of the modes of compatibility, by subject; `*` stands for all others. */
const compatibilityFile = "compatibility.json";

/** Files of schemas: a folder, or a commit of git. Paths are relative, with `/`. */
export interface SchemaFiles {
  /** The place, for errors. */
  readonly place: string;
  /** Returns the paths of all files. */
  list(): Promise<readonly string[]>;
  /** Returns the content of a file; `undefined` for a file that is not there. */
  read(path: string): Promise<Buffer | undefined>;
  /** Writes a file that is not there. @throws an error of the code `EEXIST`. */
  create?(path: string, content: Uint8Array): Promise<void>;
}

/**
 * Returns the registry in a folder of the repository: `OrderPlaced/1.avsc`, `OrderPlaced/2.avsc`.
 *
 * `.schema.json` is JSON Schema, `.avsc` is Avro, `.binpb` is a descriptor set of Protobuf (`buf build -o`). The file
 * `compatibility.json` has the modes by subject, such as `{ "*": "backward" }`, which is the default.
 *
 * @example
 * schemaCodec({ registry: schemaFolder("schemas"), formats: [avro()] });
 */
export function schemaFolder(folder: string): SchemaRegistry {
  return fileRegistry(filesIn(folder));
}

/** Returns the registry in files. */
export function fileRegistry(files: SchemaFiles): SchemaRegistry {
  const versions = async (subject: string): Promise<readonly SchemaVersion[]> => {
    const found = (await placesIn(files)).filter((place) => place.subject === subject);
    const ordered = found.toSorted((one, other) => one.version - other.version);
    const twice = ordered.find(({ version }, index) => ordered[index + 1]?.version === version);
    if (twice) throw wrong(files, `${schemaId(subject, twice.version)} has two files`);
    return await Promise.all(
      ordered.map(async ({ version, format, path }) => {
        const content = (await files.read(path)) ?? Buffer.alloc(0);
        const schema = format === "protobuf" ? content.toString("base64") : content.toString();
        return { subject, version, id: schemaId(subject, version), format, schema };
      }),
    );
  };
  return {
    versions,
    async subjects() {
      return [...new Set((await placesIn(files)).map(({ subject }) => subject))].toSorted();
    },
    async find(id) {
      const parts = partsOfId(id);
      return parts && (await versions(parts.subject)).find(({ version }) => version === parts.version);
    },
    async compatibility(subject) {
      const content = await files.read(compatibilityFile);
      return content === undefined ? "backward" : modeIn(files, content.toString(), subject);
    },
    async add(schema, version) {
      return await added(files, schema, version);
    },
  };
}

async function added(
  files: SchemaFiles,
  { subject, format, schema }: NewSchema,
  version: number,
): Promise<SchemaVersion> {
  if (!files.create) throw wrong(files, "it is only read");
  if (!/^[\w.-]+$/.test(subject) || subject.startsWith("."))
    throw wrong(files, `no folder can be named like the subject "${subject}"`);
  const content = format === "protobuf" ? Buffer.from(schema, "base64") : Buffer.from(schema);
  try {
    await files.create(`${subject}/${version}${extensions[format]}`, content);
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "EEXIST") throw cause;
    throw new BeeHiveError("ConcurrencyConflict", `${schemaId(subject, version)} is there already.`, { cause });
  }
  return { subject, version, id: schemaId(subject, version), format, schema };
}

interface Place extends Pick<SchemaVersion, "subject" | "version" | "format"> {
  readonly path: string;
}

async function placesIn(files: SchemaFiles): Promise<readonly Place[]> {
  return (await files.list()).flatMap((path) => {
    const [, subject, number, rest = ""] = /^([^/]+)\/([1-9]\d*)(\.[^/]+)$/.exec(path) ?? [];
    const format = formatOfFile(rest);
    return subject === undefined || format === undefined ? [] : [{ subject, version: Number(number), format, path }];
  });
}

function modeIn(files: SchemaFiles, text: string, subject: string): Compatibility {
  let modes: unknown;
  try {
    modes = JSON.parse(text);
  } catch (cause) {
    throw wrong(files, `${compatibilityFile} is not JSON: ${messageOf(cause)}`);
  }
  const given = Object(modes) as Readonly<Record<string, unknown>>;
  const mode = (Object.hasOwn(given, subject) ? given[subject] : given["*"]) ?? "backward";
  const known = compatibilities.find((one) => one === mode);
  if (known) return known;
  throw wrong(
    files,
    `${compatibilityFile} has the mode ${JSON.stringify(mode)}; there are ${compatibilities.join(", ")}`,
  );
}

function filesIn(folder: string): SchemaFiles {
  return {
    place: folder,
    async list() {
      const entries = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
        if ((cause as { readonly code?: unknown }).code === "ENOENT") return [];
        throw cause;
      });
      return entries.map((path) => path.replaceAll("\\", "/"));
    },
    async read(path) {
      return await readFile(join(folder, path)).catch((cause: unknown) => {
        if ((cause as { readonly code?: unknown }).code === "ENOENT") return undefined;
        throw cause;
      });
    },
    async create(path, content) {
      const file = join(folder, path);
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, content, { flag: "wx" });
    },
  };
}

function wrong({ place }: SchemaFiles, problem: string): BeeHiveError {
  return new BeeHiveError("InvalidConfiguration", `The schemas of ${place}: ${problem}.`);
}
