import type { Incompatibility, Newer } from "../format.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Returns the reasons why a reader cannot read bodies of a writer, by the rules of schema resolution of Avro. */
export function avroIncompatibilities(reader: unknown, writer: unknown, newer: Newer): readonly Incompatibility[] {
  const comparison = new Comparison(newer, new Names(reader), new Names(writer));
  return comparison.problems(reader, "", writer, "", "");
}

/** The types that a reader of a type reads as well. */
const promotions: Readonly<Record<string, readonly string[]>> = {
  long: ["int"],
  float: ["int", "long"],
  double: ["int", "long", "float"],
  string: ["bytes"],
  bytes: ["string"],
};

class Comparison {
  readonly #newer: Newer;
  readonly #reader: Names;
  readonly #writer: Names;
  /** Pairs under comparison: a type that contains itself is compatible if the rest of it is. */
  readonly #under = new Set<string>();

  constructor(newer: Newer, reader: Names, writer: Names) {
    this.#newer = newer;
    this.#reader = reader;
    this.#writer = writer;
  }

  problems(
    readerGiven: unknown,
    at: string,
    writerGiven: unknown,
    from: string,
    path: string,
  ): readonly Incompatibility[] {
    const reader = this.#reader.resolved(readerGiven, at);
    const writer = this.#writer.resolved(writerGiven, from);
    if (Array.isArray(writer.schema))
      return (writer.schema as readonly unknown[])
        .map((branch) => this.problems(reader.schema, reader.space, branch, writer.space, path))
        .filter((problems) => problems.length > 0)
        .flat();
    if (Array.isArray(reader.schema)) return this.#union(reader.schema, reader.space, writer, path);
    return this.#single(reader, writer, path);
  }

  #union(branches: readonly unknown[], at: string, writer: Resolved, path: string): readonly Incompatibility[] {
    const found = branches.map((branch) => this.problems(branch, at, writer.schema, writer.space, path));
    if (found.some((problems) => problems.length === 0)) return [];
    const kinds = branches.map((branch) => kindOf(this.#reader.resolved(branch, at).schema));
    const near = kinds.indexOf(kindOf(writer.schema));
    if (near >= 0) return found[near] ?? [];
    const gone = nameOf(writer);
    return [{ path, reason: `${this.#newer === "reader" ? "is no longer" : "can now be"} ${gone}` }];
  }

  #single(reader: Resolved, writer: Resolved, path: string): readonly Incompatibility[] {
    const one = kindOf(reader.schema);
    const other = kindOf(writer.schema);
    if (one !== other) {
      if (promotions[one]?.includes(other)) return [];
      return [{ path, reason: this.#changes(nameOf(reader), nameOf(writer)) }];
    }
    const ours = Object(reader.schema) as Schema;
    const theirs = Object(writer.schema) as Schema;
    switch (one) {
      case "array":
        return this.problems(ours["items"], reader.space, theirs["items"], writer.space, `${path}[]`);
      case "map":
        return this.problems(ours["values"], reader.space, theirs["values"], writer.space, join(path, "*"));
      case "fixed":
        if (!isSameName(reader, writer)) return [{ path, reason: this.#changes(nameOf(reader), nameOf(writer)) }];
        if (ours["size"] === theirs["size"]) return [];
        return [{ path, reason: this.#changes(`${String(ours["size"])} bytes`, `${String(theirs["size"])} bytes`) }];
      case "enum":
        return isSameName(reader, writer)
          ? this.#symbols(ours, theirs, path)
          : [{ path, reason: this.#changes(nameOf(reader), nameOf(writer)) }];
      case "record":
        return isSameName(reader, writer)
          ? this.#fields(reader, writer, path)
          : [{ path, reason: this.#changes(nameOf(reader), nameOf(writer)) }];
      default:
        return [];
    }
  }

  #symbols(ours: Schema, theirs: Schema, path: string): readonly Incompatibility[] {
    if (ours["default"] !== undefined) return [];
    const known = listOf(ours["symbols"]);
    const missing = listOf(theirs["symbols"]).filter((symbol) => !known.includes(symbol));
    if (missing.length === 0) return [];
    return [{ path, reason: `has ${this.#newer === "reader" ? "no longer" : "now"} the value ${missing.join(", ")}` }];
  }

  #fields(reader: Resolved, writer: Resolved, path: string): readonly Incompatibility[] {
    const key = `${reader.fullName ?? ""}\n${writer.fullName ?? ""}`;
    if (this.#under.has(key)) return [];
    this.#under.add(key);
    try {
      const theirs = fieldsOf(writer.schema);
      return fieldsOf(reader.schema).flatMap((field) => {
        const names = [field["name"], ...listOf(field["aliases"])];
        const found = theirs.find(({ name }) => names.includes(name));
        const place = join(path, String(field["name"]));
        if (found) return this.problems(field["type"], reader.space, found["type"], writer.space, place);
        if (field["default"] !== undefined) return [];
        const reason = this.#newer === "reader" ? "is new and has no default" : "is gone and had no default";
        return [{ path: place, reason }];
      });
    } finally {
      this.#under.delete(key);
    }
  }

  #changes(reader: string, writer: string): string {
    const [from, to] = this.#newer === "reader" ? [writer, reader] : [reader, writer];
    return `changes from ${from} to ${to}`;
  }
}

interface Resolved {
  readonly schema: unknown;
  /** The namespace for the names in it. */
  readonly space: string;
  readonly fullName: string | undefined;
}

/** The named types of a schema. */
class Names {
  readonly #types = new Map<string, Resolved>();

  constructor(schema: unknown) {
    this.#collect(schema, "");
  }

  /** Returns a type with its names resolved. */
  resolved(schema: unknown, space: string): Resolved {
    if (typeof schema === "string")
      return this.#types.get(schema) ?? this.#types.get(join(space, schema)) ?? { schema, space, fullName: undefined };
    const { type } = Object(schema) as Schema;
    // A type may be written within another: { type: { type: "string" } }.
    if (typeof type === "object" && type !== null) return this.resolved(type, space);
    if (typeof type === "string" && !composed.has(type)) return this.resolved(type, space);
    const fullName = fullNameOf(schema, space);
    return { schema, space: fullName === undefined ? space : spaceOf(fullName), fullName };
  }

  #collect(schema: unknown, space: string): void {
    if (Array.isArray(schema)) return schema.forEach((one) => this.#collect(one, space));
    if (typeof schema !== "object" || schema === null) return;
    const fullName = fullNameOf(schema, space);
    const inner = fullName === undefined ? space : spaceOf(fullName);
    if (fullName !== undefined && !this.#types.has(fullName))
      this.#types.set(fullName, { schema, space: inner, fullName });
    const { type, items, values } = schema as Schema;
    for (const one of [type, items, values, ...fieldsOf(schema).map((field) => field["type"])])
      this.#collect(one, inner);
  }
}

const composed = new Set(["record", "error", "enum", "fixed", "array", "map"]);
const named = new Set(["record", "error", "enum", "fixed"]);

function fullNameOf(schema: unknown, space: string): string | undefined {
  const { type, name, namespace } = Object(schema) as Schema;
  if (typeof type !== "string" || !named.has(type) || typeof name !== "string") return undefined;
  return name.includes(".") ? name : join(typeof namespace === "string" ? namespace : space, name);
}

function spaceOf(fullName: string): string {
  return fullName.includes(".") ? fullName.slice(0, fullName.lastIndexOf(".")) : "";
}

/** Returns whether a reader has the name of a writer, or an alias of it. */
function isSameName(reader: Resolved, writer: Resolved): boolean {
  const { name: ours, aliases } = Object(reader.schema) as Schema;
  const full = listOf(aliases).map((alias) => (alias.includes(".") ? alias : join(reader.space, alias)));
  if (full.includes(writer.fullName ?? "")) return true;
  if (reader.fullName === writer.fullName) return true;
  return ours === undefined && writer.fullName === undefined;
}

function kindOf(schema: unknown): string {
  if (typeof schema === "string") return schema;
  const type = String((Object(schema) as Schema)["type"]);
  return type === "error" ? "record" : type;
}

function nameOf({ schema, fullName }: Resolved): string {
  return fullName ?? kindOf(schema);
}

function fieldsOf(schema: unknown): readonly Schema[] {
  const { fields } = Object(schema) as Schema;
  return Array.isArray(fields) ? (fields as readonly Schema[]) : [];
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
