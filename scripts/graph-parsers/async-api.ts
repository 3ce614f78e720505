import { counted, parserModule, type Read } from "./reading.ts";

interface AsyncApi {
  readonly Parser: new () => {
    parse(text: string): Promise<Parsed>;
    registerSchemaParser(parser: unknown): void;
  };
  readonly DiagnosticSeverity: { readonly Error: number };
}

type SchemaParsers = Readonly<Record<"AvroSchemaParser" | "ProtoBuffSchemaParser", () => unknown>>;

interface Parsed {
  /** Undefined for a refused text. */
  readonly document?: Document;
  readonly diagnostics: readonly Diagnostic[];
}

interface Diagnostic {
  readonly severity: number;
  readonly message: string;
  readonly path: readonly (string | number)[];
}

interface Document {
  channels(): Collection<Titled>;
  operations(): Collection<Titled>;
  messages(): Collection<unknown>;
}

interface Titled {
  title(): string | undefined;
}

interface Collection<T> {
  all(): readonly T[];
}

/** Reads documents with the parser of AsyncAPI, which follows every reference and checks every payload. */
export async function asyncApiReader(): Promise<Read> {
  const { Parser, DiagnosticSeverity } = await parserModule<AsyncApi>("@asyncapi/parser");
  const parser = new Parser();
  const { AvroSchemaParser } = await parserModule<SchemaParsers>("@asyncapi/avro-schema-parser");
  const { ProtoBuffSchemaParser } = await parserModule<SchemaParsers>("@asyncapi/protobuf-schema-parser");
  parser.registerSchemaParser(AvroSchemaParser());
  parser.registerSchemaParser(ProtoBuffSchemaParser());
  return async (text) => {
    const { document, diagnostics } = await parser.parse(text);
    const errors = diagnostics.filter(({ severity }) => severity === DiagnosticSeverity.Error);
    if (document === undefined || errors.length > 0) throw new Error(errors.map(textOf).join("\n"));
    const channels = document.channels().all();
    const operations = document.operations().all();
    const messages = document.messages().all();
    return {
      contents: [
        counted(channels.length, "channel"),
        counted(operations.length, "operation"),
        counted(messages.length, "message"),
      ].join(", "),
      names: new Set([...channels, ...operations].map((one) => one.title() ?? "")),
    };
  };
}

function textOf({ message, path }: Diagnostic): string {
  return `${path.join("/") || "the document"}: ${message}`;
}
