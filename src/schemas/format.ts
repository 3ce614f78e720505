/** The formats of schemas. */
export const formatNames = ["json", "avro", "protobuf"] as const;

/** The name of a format of schemas. */
export type FormatName = (typeof formatNames)[number];

/** A reason why a reader cannot read events of a writer. */
export interface Incompatibility {
  /** The field, such as `lines[].price`; empty for the whole body. */
  readonly path: string;
  /** The reason, which follows the field in a sentence: `is new and has no default`. */
  readonly reason: string;
}

/** The side of a comparison that is newer, for the words of its reasons. */
export type Newer = "reader" | "writer";

/** A schema that is ready to encode and to decode. */
export interface CompiledSchema {
  /**
   * Returns a JSON value as it travels.
   *
   * @throws BeeHiveError `InvalidEvent` with the path of each problem.
   */
  encode(value: unknown): string | Uint8Array;
  /**
   * Returns a body of this schema as JSON text, as the reader sees it.
   *
   * @param reader The schema of the reader, of the same format. @default this schema
   * @throws BeeHiveError `BodyUnreadable` for other bytes, or a reader that cannot read it.
   */
  decode(body: Uint8Array, reader?: CompiledSchema): string;
}

/**
 * A format of schemas: JSON Schema, Avro or Protobuf.
 *
 * @example
 * schemaCodec({ registry: schemaFolder("schemas"), formats: [avro()] });
 */
export interface SchemaFormat {
  readonly name: FormatName;
  /** The content type of bodies. */
  readonly contentType: string;
  /**
   * Returns a schema that is ready to use.
   *
   * @throws BeeHiveError `InvalidConfiguration` for a text that is no schema.
   */
  compile(schema: string): CompiledSchema;
  /** Returns the reasons why readers of a schema cannot read events of another; empty when they can. */
  incompatibilities(reader: string, writer: string, newer: Newer): readonly Incompatibility[];
}
