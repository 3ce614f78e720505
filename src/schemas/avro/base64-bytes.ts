import avsc from "avsc";

/** The types `bytes` and `fixed`, which are base64 in JSON. */
export class Base64Bytes extends avsc.types.LogicalType {
  /** Returns the hook of avsc that reads all such types of a schema this way. */
  static hook(): (schema: avsc.Schema, options: avsc.ForSchemaOptions) => avsc.Type | undefined {
    // The type below a logical type goes through the hook again.
    const below = new WeakSet<object>();
    return (schema, options) => {
      if (typeof schema === "string") return schema === "bytes" ? made({ type: "bytes" }) : undefined;
      const { type } = schema as { readonly type?: unknown };
      if ((type !== "bytes" && type !== "fixed") || below.has(schema)) return undefined;
      return made(schema);

      function made(given: avsc.Schema): avsc.Type {
        below.add(given as object);
        return new Base64Bytes(given, options);
      }
    };
  }

  protected override _fromValue(value: Buffer): string {
    return value.toString("base64");
  }

  protected override _toValue(value: unknown): Buffer | undefined {
    if (typeof value !== "string" || !/^[\w+/-]*={0,2}$/.test(value)) return undefined;
    return Buffer.from(value, "base64");
  }

  protected override _resolve(type: avsc.Type): ((value: unknown) => unknown) | undefined {
    if (type instanceof Base64Bytes) return (value) => value;
    return undefined;
  }
}
