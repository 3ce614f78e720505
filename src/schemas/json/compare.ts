import { isDeepStrictEqual } from "node:util";
import type { Incompatibility, Newer } from "../format.ts";
import { lengthProblems, stringProblems, valueProblems } from "./constraints.ts";
import {
  annotations,
  branchesOf,
  isNothing,
  itemsOf,
  mergedObject,
  propertiesOf,
  requiredOf,
  targetOf,
  typeText,
  typesOf,
  valuesOf,
  type JsonSchemaDocument,
  type Schema,
} from "./parts.ts";

/** Returns whether a schema accepts a value. */
export type Accepts = (schema: JsonSchemaDocument, value: unknown) => boolean;

/**
 * Returns the reasons why a reader refuses bodies of a writer. A change that cannot be judged is a reason, too.
 *
 * A writer writes the properties that its schema names, and others only where `additionalProperties` says so.
 */
export function jsonIncompatibilities(
  reader: JsonSchemaDocument,
  writer: JsonSchemaDocument,
  newer: Newer,
  accepts: Accepts,
): readonly Incompatibility[] {
  return new Comparison(reader, writer, newer, accepts).problems(reader, writer, "");
}

/** Keywords that are compared. A change of any other cannot be judged. */
const compared = new Set([
  ...["$ref", "type", "enum", "const", "anyOf", "oneOf", "allOf", "format", "pattern", "minLength", "maxLength"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items", "prefixItems"],
  ...["additionalItems", "minItems", "maxItems", "uniqueItems", "properties", "required", "additionalProperties"],
]);

class Comparison {
  readonly #reader: JsonSchemaDocument;
  readonly #writer: JsonSchemaDocument;
  readonly #newer: Newer;
  readonly #accepts: Accepts;
  /** Pairs under comparison: a schema that refers to itself is compatible if the rest of it is. */
  readonly #under: (readonly [unknown, unknown])[] = [];

  constructor(reader: JsonSchemaDocument, writer: JsonSchemaDocument, newer: Newer, accepts: Accepts) {
    this.#reader = reader;
    this.#writer = writer;
    this.#newer = newer;
    this.#accepts = accepts;
  }

  problems(readerGiven: unknown, writerGiven: unknown, path: string): readonly Incompatibility[] {
    const reader = this.#resolved(readerGiven, this.#reader);
    const writer = this.#resolved(writerGiven, this.#writer);
    if (reader === undefined || writer === undefined) return [this.#unjudged(path, "a $ref leads nowhere")];
    if (this.#under.some(([one, other]) => one === readerGiven && other === writerGiven)) return [];
    this.#under.push([readerGiven, writerGiven]);
    try {
      return this.#compared(reader, writer, path);
    } finally {
      this.#under.pop();
    }
  }

  #compared(reader: Schema | false, writer: Schema | false, path: string): readonly Incompatibility[] {
    if (writer === false) return [];
    if (reader === false) return [{ path, reason: "is refused" }];
    const unknown = Object.keys(reader).find((name) => !this.#isKnown(name, reader, writer));
    if (unknown !== undefined) return [this.#unjudged(path, `${unknown} changes`)];
    // The only other keyword by which a writer writes more.
    if (!isDeepStrictEqual(reader["patternProperties"], writer["patternProperties"]))
      return [this.#unjudged(path, "patternProperties changes")];
    const values = valuesOf(writer);
    if (values) return this.#finite(reader, values, path);
    const branches = branchesOf(writer);
    if (branches) return branches.flatMap((branch) => this.problems(reader, branch, path)).slice(0, 1);
    if (Array.isArray(reader["allOf"])) {
      const { allOf, ...rest } = reader;
      return [rest, ...(allOf as readonly unknown[])].flatMap((part) => this.problems(part, writer, path));
    }
    if (Array.isArray(writer["allOf"])) return this.#intersection(reader, writer, path);
    const choices = (reader["anyOf"] ?? reader["oneOf"]) as readonly unknown[] | undefined;
    if (choices) return this.#choice(reader, choices, writer, path);
    return this.#simple(reader, writer, path);
  }

  /** Returns whether a keyword is compared below, says nothing, or is the same on both sides. */
  #isKnown(name: string, reader: Schema, writer: Schema): boolean {
    if (compared.has(name) || annotations.has(name) || name.startsWith("x-")) return true;
    // These look at the whole schema around them, and a reference may lead to another schema.
    const isWhole = name.startsWith("unevaluated") || JSON.stringify(reader[name]).includes('"$ref"');
    if (isWhole) return isDeepStrictEqual(this.#reader, this.#writer);
    return isDeepStrictEqual(reader[name], writer[name]);
  }

  /** A writer with a list of values: each must be valid. */
  #finite(reader: Schema, values: readonly unknown[], path: string): readonly Incompatibility[] {
    const root = typeof this.#reader === "boolean" ? {} : this.#reader;
    const { $schema, $defs = {}, definitions = {}, components = {} } = root;
    // A reference to the whole document cannot be taken out of it.
    if (JSON.stringify(reader).includes('"$ref":"#"')) return [this.#unjudged(path, "its values may be refused")];
    const whole = { ...reader, $defs, definitions, components, ...($schema !== undefined && { $schema }) };
    const refused = values.filter((value) => !this.#accepts(whole, value));
    if (refused.length === 0) return [];
    const text = refused.map((value) => JSON.stringify(value)).join(", ");
    return [{ path, reason: `has ${this.#newer === "reader" ? "no longer" : "now"} the value ${text}` }];
  }

  /** An intersection is within the reader if one of its parts is, or the object that its parts make. */
  #intersection(reader: Schema, writer: Schema, path: string): readonly Incompatibility[] {
    const { allOf, ...rest } = writer;
    const parts = [rest, ...(allOf as readonly unknown[])].map((part) => this.#resolved(part, this.#writer));
    if (parts.includes(false)) return [];
    const objects = parts.filter((part): part is Schema => typeof part === "object" && Object.keys(part).length > 0);
    const merged = mergedObject(objects);
    if (merged) return this.problems(reader, merged, path);
    if (objects.some((part) => this.problems(reader, part, path).length === 0)) return [];
    return [this.#unjudged(path, "allOf changes")];
  }

  #choice(reader: Schema, choices: readonly unknown[], writer: Schema, path: string): readonly Incompatibility[] {
    const { anyOf: _, oneOf, ...rest } = reader;
    const others = this.problems(rest, writer, path);
    if (others.length > 0) return others;
    const found = choices.map((choice) => this.problems(choice, writer, path));
    const fits = found.findIndex((problems) => problems.length === 0);
    if (fits < 0) {
      // The choice of the same type with the fewest problems says most.
      const near = found.filter((_, index) => this.#isNear(choices[index], writer));
      const [nearest] = near.toSorted((one, other) => one.length - other.length);
      return nearest ?? [{ path, reason: `${this.#changes()} to another type` }];
    }
    if (oneOf === undefined) return [];
    // Of oneOf, no other choice may be valid as well.
    const overlaps = choices.some((choice, index) => index !== fits && !this.#isApart(choice, writer));
    return overlaps ? [this.#unjudged(path, "several choices of oneOf may be valid")] : [];
  }

  #isNear(choice: unknown, writer: Schema): boolean {
    const resolved = this.#resolved(choice, this.#reader);
    return typeof resolved === "object" && typesOf(resolved).some((type) => typesOf(writer).includes(type));
  }

  /** Returns whether no value can be valid in both: by their types, or by a constant of a required property. */
  #isApart(choice: unknown, writer: Schema): boolean {
    const reader = this.#resolved(choice, this.#reader);
    if (!reader) return reader === false;
    const types = typesOf(writer);
    if (!typesOf(reader).some((type) => types.includes(type) || (type === "number" && types.includes("integer"))))
      return true;
    if (types.some((type) => type !== "object")) return false;
    const properties = propertiesOf(writer);
    return Object.entries(propertiesOf(reader)).some(([name, schema]) => {
      if (!requiredOf(writer).includes(name) || !requiredOf(reader).includes(name)) return false;
      const one = valuesOf(Object(schema) as Schema);
      const other = valuesOf(Object(properties[name]) as Schema);
      return (
        one !== undefined &&
        other !== undefined &&
        !one.some((value) => other.some((two) => isDeepStrictEqual(value, two)))
      );
    });
  }

  #simple(reader: Schema, writer: Schema, path: string): readonly Incompatibility[] {
    const types = typesOf(writer);
    const accepted = typesOf(reader);
    const refused = types.filter((type) => !accepted.includes(type));
    if (refused.length > 0) {
      const [from, to] = this.#newer === "reader" ? [types, accepted] : [accepted, types];
      return [{ path, reason: `changes from ${typeText(from)} to ${typeText(to)}` }];
    }
    if (valuesOf(reader)) {
      const few = types.flatMap((type) => (type === "null" ? [null] : type === "boolean" ? [true, false] : []));
      if (types.every((type) => type === "null" || type === "boolean")) return this.#finite(reader, few, path);
      return [{ path, reason: `${this.#changes()} to a list of values` }];
    }
    return [
      ...(types.includes("integer") ? valueProblems(reader, writer).map((reason) => ({ path, reason })) : []),
      ...(types.includes("string") ? stringProblems(reader, writer).map((reason) => ({ path, reason })) : []),
      ...(types.includes("array") ? this.#arrays(reader, writer, path) : []),
      ...(types.includes("object") ? this.#objects(reader, writer, path) : []),
    ];
  }

  #arrays(reader: Schema, writer: Schema, path: string): readonly Incompatibility[] {
    const ours = itemsOf(reader);
    const theirs = itemsOf(writer);
    const { maxItems } = writer;
    const most = typeof maxItems === "number" ? maxItems : Infinity;
    const places = Math.min(most, Math.max(ours.first.length, theirs.first.length));
    return [
      ...lengthProblems(reader, writer).map((reason) => ({ path, reason })),
      ...Array.from({ length: places }, (_, index) =>
        this.problems(ours.first[index] ?? ours.rest, theirs.first[index] ?? theirs.rest, `${path}[${index}]`),
      ).flat(),
      ...(most > places ? this.problems(ours.rest, theirs.rest, `${path}[]`) : []),
    ];
  }

  #objects(reader: Schema, writer: Schema, path: string): readonly Incompatibility[] {
    const ours = propertiesOf(reader);
    const theirs = propertiesOf(writer);
    const { additionalProperties: read = true } = reader;
    const { additionalProperties: written = false } = writer;
    const place = (name: string): string => (path === "" ? name : `${path}.${name}`);
    const missing = requiredOf(reader)
      .filter((name) => !requiredOf(writer).includes(name))
      .map((name) => ({ path: place(name), reason: this.#required(name in theirs) }));
    const lacking = new Set(missing.map((one) => one.path));
    const named = Object.keys(theirs)
      .filter((name) => !lacking.has(place(name)))
      .flatMap((name) => {
        if (name in ours) return this.problems(ours[name], theirs[name], place(name));
        if (this.#resolved(theirs[name], this.#writer) === false) return [];
        if (read === false)
          return [
            {
              path: place(name),
              reason: `is ${this.#newer === "reader" ? "gone" : "new"}, and other fields are refused`,
            },
          ];
        return this.problems(read, theirs[name], place(name));
      });
    const unnamed = Object.keys(ours).filter((name) => !(name in theirs));
    const others =
      this.#resolved(written, this.#writer) === false
        ? []
        : [
            ...unnamed.flatMap((name) => this.problems(ours[name], written, place(name))),
            ...this.problems(read, written, place("*")),
          ];
    return [...missing, ...named, ...others];
  }

  #required(isOptional: boolean): string {
    if (this.#newer === "reader") return isOptional ? "is required now" : "is new and has no default";
    return isOptional ? "is optional now" : "is gone and had no default";
  }

  #changes(): string {
    return this.#newer === "reader" ? "changes" : "changed";
  }

  #unjudged(path: string, what: string): Incompatibility {
    return { path, reason: `cannot be judged, because ${what}` };
  }

  /** Follows references within a document. `undefined` for one that leads nowhere; false for a schema without values. */
  #resolved(schema: unknown, root: JsonSchemaDocument): Schema | false | undefined {
    let one: unknown = schema;
    for (let steps = 0; steps < 100; steps++) {
      if (one === true || one === undefined) return {};
      if (one === false) return false;
      if (typeof one !== "object" || one === null) return undefined;
      const { $ref, ...rest } = one as Schema;
      if (isNothing(rest)) return false;
      if (typeof $ref !== "string") return one as Schema;
      const target = targetOf($ref, root);
      if (target === undefined) return undefined;
      if (!Object.keys(rest).some((name) => !annotations.has(name))) one = target;
      else return { ...rest, allOf: [...((rest["allOf"] as readonly unknown[] | undefined) ?? []), target] };
    }
    return undefined;
  }
}
