/*
 * The service takes metadata as HTTP headers: names that are C# identifiers, case lost, values in ASCII. Ours is one
 * value of that kind, which holds the key, because its encoded form may be shortened, the metadata as they are, and what
 * tells one write from all others.
 */

const name = "beehive";

interface Packed {
  readonly key: string;
  readonly own: Readonly<Record<string, string>>;
  readonly write?: string | undefined;
}

export function packMetadata(packed: Packed): Record<string, string> {
  return { [name]: Buffer.from(JSON.stringify(packed)).toString("base64url") };
}

/** What was packed; the metadata as they are of a blob that others wrote. */
export function unpackMetadata(metadata: Readonly<Record<string, string>> = {}): Packed {
  const packed = metadata[name];
  if (packed === undefined) return { key: "", own: metadata };
  return JSON.parse(Buffer.from(packed, "base64url").toString()) as Packed;
}
