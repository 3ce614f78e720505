import type { JsonSchema } from "../json-schema.ts";

/** The place of a value that no example can be made for. */
const none = Symbol("none");

/** The most parts of a schema that are looked at. */
const maxParts = 10_000;

/** Keywords that an example respects. A schema with any other one has no example. */
const understood = new Set([
  ...["const", "enum", "type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum"],
  ...[
    "exclusiveMaximum",
    "multipleOf",
    "items",
    "prefixItems",
    "additionalItems",
    "minItems",
    "maxItems",
    "uniqueItems",
  ],
  ...["properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties", "anyOf"],
  ...["oneOf", "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "example"],
  ...["examples", "deprecated", "readOnly", "writeOnly", "contentMediaType", "contentEncoding"],
]);

/** Values of texts by their format, as JSON Schema and OpenAPI name them. */
const byFormat: Readonly<Record<string, string>> = {
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  time: "12:00:00Z",
  duration: "PT1H",
  email: "ada@example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  url: "https://example.com/",
  uuid: "123e4567-e89b-42d3-a456-426614174000",
};

/**
 * Returns an example of a JSON Schema, the same in each run; `undefined` where none can be made.
 *
 * Optional properties are in it where an example of theirs can be made. A pattern has one only beside a known format.
 *
 * @param root The document in which references of the schema lead somewhere.
 */
export function exampleOf(schema: JsonSchema, root: object): { readonly value: unknown } | undefined {
  const value = new Examples(root).of(schema, []);
  return value === none ? undefined : { value };
}

class Examples {
  readonly #root: object;
  #left = maxParts;

  constructor(root: object) {
    this.#root = root;
  }

  /** @param above The references that the schema stands in: one that contains itself ends there. */
  of(given: unknown, above: readonly string[]): unknown {
    if (given === true) return null;
    const within = [...above];
    const schema = this.#merged(given, within);
    if (schema === undefined || !Object.keys(schema).every(isUnderstood)) return none;
    const { examples, default: usual, enum: values, anyOf, oneOf, type } = schema;
    if ("const" in schema) return schema["const"];
    for (const known of [examples, values]) if (Array.isArray(known) && known.length > 0) return known[0];
    if (usual !== undefined) return usual;
    const choices = (anyOf ?? oneOf) as readonly unknown[] | undefined;
    if (choices) {
      const { anyOf: _, oneOf: __, ...rest } = schema;
      return this.#first(
        choices.map((choice) => ({ allOf: [rest, choice] })),
        within,
      );
    }
    if (Array.isArray(type))
      return this.#first(
        type.map((one: unknown) => ({ ...schema, type: one })),
        within,
      );
    return this.#typed(schema, within);
  }

  #typed(schema: JsonSchema, within: readonly string[]): unknown {
    switch (schema["type"] ?? (schema["properties"] === undefined ? undefined : "object")) {
      case "object":
        return this.#object(schema, within);
      case "array":
        return this.#array(schema, within);
      case "string":
        return text(schema);
      case "integer":
      case "number":
        return number(schema);
      case "boolean":
        return true;
      case "null":
        return null;
      default:
        return schema["type"] === undefined ? null : none;
    }
  }

  #first(schemas: readonly JsonSchema[], within: readonly string[]): unknown {
    for (const schema of schemas) {
      const value = this.of(schema, within);
      if (value !== none) return value;
    }
    return none;
  }

  #object(
    { properties = {}, required = [], minProperties = 0, maxProperties = Infinity }: JsonSchema,
    within: readonly string[],
  ): unknown {
    const needed = required as readonly string[];
    const values = Object.entries(properties as object).map(([name, one]) => [name, this.of(one, within)] as const);
    const known = values.filter(([, value]) => value !== none);
    const isWhole = needed.every((name) => known.some(([one]) => one === name));
    const fits = known.length >= Number(minProperties) && known.length <= Number(maxProperties);
    return isWhole && fits ? Object.fromEntries(known) : none;
  }

  #array({ items, prefixItems, minItems = 0, maxItems, uniqueItems }: JsonSchema, within: readonly string[]): unknown {
    const places = (Array.isArray(items) ? items : (prefixItems ?? [])) as readonly unknown[];
    const first = places.map((one) => this.of(one, within));
    if (first.includes(none)) return none;
    const rest = Array.isArray(items) ? none : items === undefined ? null : this.of(items, within);
    const wanted = Math.min(Number(maxItems ?? Infinity), Math.max(Number(minItems), places.length === 0 ? 1 : 0));
    const missing = Math.max(0, wanted - first.length);
    if (missing === 0) return first;
    if (rest === none || (uniqueItems === true && missing > 1)) return Number(minItems) > first.length ? none : first;
    return [...first, ...Array.from({ length: missing }, () => rest)];
  }

  /**
   * Follows the reference of a schema, and puts the parts of `allOf` together.
   *
   * @param within Takes up the references.
   * @returns `undefined` for parts that contradict each other, and for a reference to a schema around this one.
   */
  #merged(given: unknown, within: string[]): JsonSchema | undefined {
    if (typeof given !== "object" || given === null || this.#left-- <= 0) return undefined;
    const { $ref, allOf = [], ...own } = given as JsonSchema;
    const parts = [...(allOf as readonly unknown[])];
    if (typeof $ref === "string") {
      if (within.includes($ref)) return undefined;
      within.push($ref);
      parts.unshift(this.#target($ref));
    }
    return parts.reduce<JsonSchema | undefined>((all, part) => {
      const merged = all && this.#merged(part, within);
      return all && merged && joined(all, merged);
    }, own);
  }

  #target(reference: string): unknown {
    return reference
      .split("/")
      .slice(1)
      .map((name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce<unknown>((at, name) => (Object(at) as Record<string, unknown>)[name], this.#root);
  }
}

/** Keywords whose values two parts of one schema may both have. */
const joinable = new Set(["properties", "required", "type", "title", "description"]);

function joined(one: JsonSchema, other: JsonSchema): JsonSchema | undefined {
  const twice = Object.keys(other).filter((name) => name in one && one[name] !== other[name]);
  if (twice.some((name) => !joinable.has(name)) || twice.includes("type")) return undefined;
  return {
    ...one,
    ...other,
    ...(twice.includes("properties") && {
      properties: { ...(one["properties"] as object), ...(other["properties"] as object) },
    }),
    ...(twice.includes("required") && {
      required: [...(one["required"] as readonly string[]), ...(other["required"] as readonly string[])],
    }),
  };
}

function isUnderstood(keyword: string): boolean {
  return understood.has(keyword) || keyword.startsWith("x-");
}

function text({ format, pattern, minLength = 0, maxLength = Infinity }: JsonSchema): unknown {
  const known = typeof format === "string" && Object.hasOwn(byFormat, format) ? byFormat[format] : undefined;
  if (format !== undefined && known === undefined) return none;
  const value = known ?? "text".padEnd(Number(minLength), "-").slice(0, Number(maxLength));
  const isLong = value.length >= Number(minLength) && value.length <= Number(maxLength);
  return isLong && (pattern === undefined || matches(value, pattern)) ? value : none;
}

function matches(value: string, pattern: unknown): boolean {
  try {
    return typeof pattern === "string" && new RegExp(pattern, "u").test(value);
  } catch {
    return false;
  }
}

function number({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: JsonSchema): unknown {
  const step = typeof multipleOf === "number" ? multipleOf : 1;
  const least = Math.max(Number(minimum ?? -Infinity), Number(exclusiveMinimum ?? -Infinity));
  const most = Math.min(Number(maximum ?? Infinity), Number(exclusiveMaximum ?? Infinity));
  const fits = (value: number): boolean =>
    value >= Number(minimum ?? -Infinity) &&
    value <= Number(maximum ?? Infinity) &&
    value > Number(exclusiveMinimum ?? -Infinity) &&
    value < Number(exclusiveMaximum ?? Infinity) &&
    (type !== "integer" || Number.isInteger(value)) &&
    (multipleOf === undefined || value % step === 0);
  const above = Math.ceil(least / step) * step;
  const below = Math.floor(most / step) * step;
  const between = (least + most) / 2;
  return (
    [step, 0, above, above + step, below, below - step, between].find(
      (value) => Number.isFinite(value) && fits(value),
    ) ?? none
  );
}
