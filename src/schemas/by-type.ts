import { BeeHiveError } from "../base/errors.ts";
import type { Codec } from "../contract/codec.ts";
import { plain } from "./plain.ts";

/**
 * Chooses the codec by the type of the event; `*` stands for all others.
 *
 * @throws BeeHiveError `InvalidConfiguration` for a value that is no codec.
 * @example
 * byType({ CustomerMoved: encrypted(plain(), keys), "*": compressed() });
 */
export function byType(codecs: Readonly<Record<string, Codec>>): Codec {
  for (const [type, codec] of Object.entries(codecs))
    if (typeof codec?.encode !== "function" || typeof codec.decode !== "function")
      throw new BeeHiveError("InvalidConfiguration", `byType: ${type} has no codec; give one, such as compressed().`);
  const others = codecs["*"] ?? plain();
  const codecOf = (type: string): Codec => (Object.hasOwn(codecs, type) ? (codecs[type] ?? others) : others);
  return {
    encode: (body, event) => codecOf(event.eventType).encode(body, event),
    decode: (body, event) => codecOf(event.eventType).decode(body, event),
  };
}
