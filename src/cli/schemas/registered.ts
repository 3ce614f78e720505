import type { RegisteredSchema } from "../../analysis/graph/async-api/index.ts";
import { formatOf, type SchemaVersion } from "../../schemas/registry.ts";
import { schemaFolder } from "../../schemas/schema-folder.ts";
import { UsageError } from "../exit-code.ts";
import { loadedFormats } from "./sources.ts";

/** The property of a payload with the descriptor set, by which `--against` compares Protobuf. */
export const descriptorSet = "x-descriptor-set";

/** Returns the latest schemas of a folder for an AsyncAPI document, by the name of the event type. */
export async function registeredSchemas(folder: string): Promise<ReadonlyMap<string, RegisteredSchema>> {
  const registry = schemaFolder(folder);
  const subjects = await registry.subjects();
  if (subjects.length === 0) throw new UsageError(`--schemas: ${folder} has no schemas, such as OrderPlaced/1.avsc.`);
  const all = await Promise.all(subjects.map((subject) => registry.versions(subject)));
  const latest = all.flatMap((versions) => versions.at(-1) ?? []);
  const formats = await loadedFormats(latest.map(({ format }) => format));
  const entries = latest.map(async (version) => {
    const { contentType } = formatOf(version.format, formats);
    return [version.subject, { contentType, payload: await payloadOf(version) }] as const;
  });
  return new Map(await Promise.all(entries));
}

async function payloadOf({ format, schema }: SchemaVersion): Promise<RegisteredSchema["payload"]> {
  switch (format) {
    case "json": {
      const { $schema: _, $id: __, ...rest } = JSON.parse(schema) as Readonly<Record<string, unknown>>;
      return rest;
    }
    case "avro":
      return { schemaFormat: "application/vnd.apache.avro;version=1.9.0", schema: JSON.parse(schema) as unknown };
    case "protobuf": {
      const { protoText } = await import("../../schemas/protobuf/proto-text.ts");
      const { text, version } = protoText(schema);
      return {
        schemaFormat: `application/vnd.google.protobuf;version=${version}`,
        schema: text,
        [descriptorSet]: schema,
      };
    }
  }
}
