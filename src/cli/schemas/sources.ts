import { stat } from "node:fs/promises";
import { peerPackage } from "../../schemas/peer-package.ts";
import type { FormatName, SchemaFormat } from "../../schemas/format.ts";
import type { SchemaRegistry } from "../../schemas/registry.ts";
import { openExistingProvider } from "../open-existing-provider.ts";
import { gitFiles } from "./git-files.ts";

/** A registry that a user named, and what closes it. */
export interface NamedRegistry extends AsyncDisposable {
  readonly registry: SchemaRegistry;
}

/** The variable with the value of the header `authorization` for a registry server. */
const authorization = "BEEHIVE_REGISTRY_AUTHORIZATION";

/**
 * Opens a registry by its name: the URL of a server or of a provider, or a folder.
 *
 * With a folder of schemas it may also be a commit of git, in which that folder is read.
 */
export async function namedRegistry(name: string, folder?: string): Promise<NamedRegistry> {
  if (/^https?:/i.test(name)) {
    const { confluentRegistry } = await import("../../schemas/confluent-registry.ts");
    const header = process.env[authorization];
    return held(confluentRegistry(name, { ...(header !== undefined && { headers: { authorization: header } }) }));
  }
  if (/^[a-z][a-z\d+.-]+:/i.test(name)) {
    const { schemaCollection } = await import("../../schemas/schema-collection.ts");
    const provider = await openExistingProvider(name, false);
    return held(schemaCollection(provider.stores), () => provider.close());
  }
  const { fileRegistry, schemaFolder } = await import("../../schemas/schema-folder.ts");
  if (folder === undefined || (await isFolder(name))) return held(schemaFolder(name));
  return held(fileRegistry(gitFiles(name, folder)));
}

function held(registry: SchemaRegistry, close: () => Promise<void> = () => Promise.resolve()): NamedRegistry {
  return { registry, [Symbol.asyncDispose]: close };
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Loads the formats of schemas. Each needs a package that only users of the format install. */
export async function loadedFormats(names: Iterable<FormatName>): Promise<readonly SchemaFormat[]> {
  const load: Readonly<Record<FormatName, () => Promise<SchemaFormat>>> = {
    json: () =>
      peerPackage("JSON Schema", "ajv", async () => (await import("../../schemas/json/index.ts")).jsonSchema()),
    avro: () => peerPackage("Avro", "avsc", async () => (await import("../../schemas/avro/index.ts")).avro()),
    protobuf: () =>
      peerPackage("Protobuf", "@bufbuild/protobuf", async () => {
        const { protobuf } = await import("../../schemas/protobuf/index.ts");
        return protobuf();
      }),
  };
  return await Promise.all([...new Set(names)].map((name) => load[name]()));
}
