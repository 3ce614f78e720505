/** Codecs of bodies, registries of schemas, and the checks of their changes. */
export type { Codec, CodecEvent } from "../contract/codec.ts";
export type { Body } from "../events/body.ts";
export { byType } from "./by-type.ts";
export { incompatibilities, pushSchema, type PushedSchema } from "./compatibility.ts";
export { compressed, type CompressionOptions } from "./compressed.ts";
export { confluentRegistry, type ConfluentOptions } from "./confluent-registry.ts";
export { encrypted, type EncryptionKey, type EncryptionOptions } from "./encrypted.ts";
export type { CompiledSchema, FormatName, Incompatibility, Newer, SchemaFormat } from "./format.ts";
export { plain } from "./plain.ts";
export type { Compatibility, NewSchema, SchemaRegistry, SchemaVersion } from "./registry.ts";
export { schemaCodec, type SchemaCodecOptions } from "./schema-codec.ts";
export { schemaCollection } from "./schema-collection.ts";
export { schemaFolder } from "./schema-folder.ts";
