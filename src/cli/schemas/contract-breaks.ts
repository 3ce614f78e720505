import { parse } from "yaml";
import { messageOf } from "../../base/error-text.ts";
import type { SchemaFormat } from "../../schemas/format.ts";
import { UsageError } from "../exit-code.ts";

/** The parts of an AsyncAPI document that are compared. */
interface Contract {
  readonly channels?: Readonly<
    Record<string, { readonly address?: string; readonly messages?: Readonly<Record<string, unknown>> }>
  >;
  readonly components?: {
    readonly messages?: Readonly<Record<string, { readonly name?: string; readonly payload?: unknown }>>;
    readonly schemas?: unknown;
  };
}

/** Reads an AsyncAPI document. @throws UsageError for another text. */
export function contractIn(file: string, text: string): Contract {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw new UsageError(`${file} is neither YAML nor JSON: ${messageOf(cause)}`, { cause });
  }
  const version = String((Object(document) as { readonly asyncapi?: unknown }).asyncapi);
  if (version.startsWith("3.")) return document as Contract;
  throw new UsageError(`${file} is no AsyncAPI 3 document, as beehive graph --format asyncapi writes it.`);
}

/**
 * Returns the changes of a contract that break other teams, in sentences.
 *
 * Readers elsewhere must read the new events, and this application must read those from before.
 */
export function contractBreaks(before: Contract, after: Contract, format: SchemaFormat): readonly string[] {
  const now = after.channels ?? {};
  return Object.entries(before.channels ?? {}).flatMap(([key, { address = key, messages = {} }]) => {
    const channel = Object.values(now).find((one) => one.address === address);
    if (!channel) return [`${address} is gone`];
    return Object.keys(messages).flatMap((message) => {
      if (!Object.keys(channel.messages ?? {}).includes(message)) return [`${address} no longer has ${message}`];
      const [older, newer] = [payloadOf(before, message), payloadOf(after, message)];
      const found = (reader: string, writer: string, side: "reader" | "writer", what: string): readonly string[] =>
        format
          .incompatibilities(reader, writer, side)
          .map(({ path, reason }) => `${message}: ${path === "" ? "the body" : `\`${path}\``} ${reason}: ${what}`);
      return [
        ...found(newer, older, "reader", "this application cannot read events from before"),
        ...found(older, newer, "writer", "others cannot read new events"),
      ];
    });
  });
}

/** Returns the schema of a message as a document of its own. */
function payloadOf({ components = {} }: Contract, message: string): string {
  return JSON.stringify({ components, ...(components.messages?.[message]?.payload as object | undefined) });
}
