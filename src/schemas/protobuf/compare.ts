import { ScalarType, type DescEnum, type DescField, type DescMessage } from "@bufbuild/protobuf";
import type { Incompatibility, Newer } from "../format.ts";

/**
 * Returns the reasons why a reader misreads bodies of a writer: numbers of fields with another meaning.
 *
 * A field that only one of them has is no reason: Protobuf leaves it out.
 */
export function protobufIncompatibilities(
  reader: DescMessage,
  writer: DescMessage,
  newer: Newer,
): readonly Incompatibility[] {
  return new Comparison(newer).messages(reader, writer, "");
}

/** Types of one group are read for each other. Those of 32 bits lose what they cannot hold, so they are no readers. */
const readAs: Readonly<Partial<Record<ScalarType, readonly ScalarType[]>>> = {
  [ScalarType.INT64]: [ScalarType.INT32],
  [ScalarType.UINT64]: [ScalarType.UINT32],
  [ScalarType.SINT64]: [ScalarType.SINT32],
  [ScalarType.INT32]: [ScalarType.BOOL],
  [ScalarType.BYTES]: [ScalarType.STRING],
};

class Comparison {
  readonly #newer: Newer;
  readonly #under = new Set<string>();

  constructor(newer: Newer) {
    this.#newer = newer;
  }

  messages(reader: DescMessage, writer: DescMessage, path: string): readonly Incompatibility[] {
    const key = `${reader.typeName}\n${writer.typeName}`;
    if (this.#under.has(key)) return [];
    this.#under.add(key);
    try {
      return reader.fields.flatMap((field) => {
        const other = writer.fields.find(({ number }) => number === field.number);
        const place = path === "" ? field.name : `${path}.${field.name}`;
        return other ? this.#fields(field, other, place) : [];
      });
    } finally {
      this.#under.delete(key);
    }
  }

  #fields(reader: DescField, writer: DescField, path: string): readonly Incompatibility[] {
    const number = `the number ${reader.number}`;
    if (reader.name !== writer.name) return [{ path, reason: `has ${number}, which is \`${writer.name}\` as well` }];
    if (reader.fieldKind !== writer.fieldKind || !isSameKind(reader, writer))
      return [{ path, reason: this.#changes(typeText(reader), typeText(writer)) }];
    const one = innerOf(reader);
    const other = innerOf(writer);
    if (one.message && other.message) return this.messages(one.message, other.message, path);
    if (one.enum && other.enum) return this.#enums(one.enum, other.enum, path);
    if (reader.oneof !== undefined && writer.oneof === undefined)
      return [{ path, reason: `is part of the oneof ${reader.oneof.name}, where only the last of several is read` }];
    return [];
  }

  #enums(reader: DescEnum, writer: DescEnum, path: string): readonly Incompatibility[] {
    const renamed = writer.values.filter(({ number, name }) => {
      const known = reader.value[number];
      return known !== undefined ? known.name !== name : true;
    });
    if (renamed.length === 0) return [];
    const names = renamed.map(({ name }) => name).join(", ");
    return [{ path, reason: `has ${this.#newer === "reader" ? "no longer" : "now"} the value ${names}` }];
  }

  #changes(reader: string, writer: string): string {
    const [from, to] = this.#newer === "reader" ? [writer, reader] : [reader, writer];
    return `changes from ${from} to ${to}`;
  }
}

/** Returns whether the values of two fields of one kind are read for each other. */
function isSameKind(reader: DescField, writer: DescField): boolean {
  if (reader.fieldKind === "map" && writer.fieldKind === "map" && reader.mapKey !== writer.mapKey) return false;
  const one = innerOf(reader);
  const other = innerOf(writer);
  if (one.message && other.message) return one.message.typeName === other.message.typeName;
  if (one.enum && other.enum) return one.enum.typeName === other.enum.typeName;
  if (one.scalar === undefined || other.scalar === undefined) return false;
  return one.scalar === other.scalar || (readAs[one.scalar]?.includes(other.scalar) ?? false);
}

interface Inner {
  readonly scalar?: ScalarType | undefined;
  readonly message?: DescMessage | undefined;
  readonly enum?: DescEnum | undefined;
}

/** Returns the type of a field, of the items of a list or of the values of a map. */
function innerOf({ scalar, message, enum: values }: DescField): Inner {
  return { scalar, message, enum: values };
}

function typeText(field: DescField): string {
  const { scalar, message, enum: values } = innerOf(field);
  const name = scalar === undefined ? (message ?? values)?.name : ScalarType[scalar].toLowerCase();
  if (field.fieldKind === "list") return `repeated ${name ?? ""}`;
  return field.fieldKind === "map" ? `map of ${name ?? ""}` : (name ?? "");
}
