/** The tags of values that JSON turns into `{}` or into numbered members. */
const lossyTags: ReadonlySet<string> = new Set([
  "ArrayBuffer",
  "SharedArrayBuffer",
  "Blob",
  "File",
  "Error",
  "DOMException",
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "Promise",
  "RegExp",
  "Generator",
  "AsyncGenerator",
  "ReadableStream",
  "FormData",
  "Headers",
  "Request",
  "Response",
  "URLSearchParams",
]);

/** Returns the kind of a value that JSON loses, such as `a Map` or `NaN`; `undefined` for others. */
export function lossyKind(value: unknown): string | undefined {
  const nullKind = kindOfNull(value);
  if (nullKind !== undefined) return nullKind;
  if (typeof value !== "object" || value === null || isPlain(value)) return undefined;
  return typeof (value as { toJSON?: unknown }).toJSON === "function" ? undefined : kindOfSeen(value);
}

/** The kind of a number or date that JSON writes as `null`. */
function kindOfNull(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value);
  return value instanceof Date && Number.isNaN(value.getTime()) ? "an invalid Date" : undefined;
}

/** The same for what `toJSON` returned, which JSON takes as it is. */
function kindOfSeen(value: object): string | undefined {
  if (isPlain(value)) return undefined;
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (!ArrayBuffer.isView(value) && !lossyTags.has(tag)) return undefined;
  return /^[AEIO]/.test(tag) ? `an ${tag}` : `a ${tag}`;
}

/** The depth below which data is not looked at: it may be endless, or deeper than the stack. */
const maxPlainDepth = 32;

/** Returns whether a value is made of plain objects, arrays and JSON's primitives alone, as nearly all bodies are. */
function isPlainData(value: object, depth: number): boolean {
  if (depth > maxPlainDepth || !isPlain(value)) return false;
  // JSON writes the result of `toJSON`, and reads no member.
  if ((value as { toJSON?: unknown }).toJSON !== undefined) return false;
  if (Array.isArray(value)) {
    for (let n = 0; n < value.length; n++) if (!isPlainMember(value[n], depth)) return false;
    return true;
  }
  for (const name in value) if (!isPlainMember((value as Record<string, unknown>)[name], depth)) return false;
  return true;
}

function isPlainMember(member: unknown, depth: number): boolean {
  if (typeof member === "number") return Number.isFinite(member);
  return typeof member !== "object" || member === null || isPlainData(member, depth + 1);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}

/** Remains of lost values: empty objects, numbered members, the code that errors of Node carry, numbers and dates. */
const remains = ["{}", '{"0":', '"code":', "null"];

/**
 * Returns a value that was lost when `value` became the JSON `json`, such as `an ArrayBuffer at "file.content"`.
 *
 * Looks only if the value has other members than plain ones, and the JSON the remains of such a value.
 */
export function lostWithin(value: unknown, json: string): string | undefined {
  if (typeof value !== "object" || value === null || isPlainData(value, 0)) return undefined;
  if (!remains.some((text) => json.includes(text))) return undefined;
  const root = seenByJson(value, "");
  if (root === undefined) return undefined;
  const rootKind = kindOfSeen(root);
  if (rootKind !== undefined) return rootKind;
  // A list instead of recursion: JSON may nest more deeply than the stack.
  const left: { readonly at: string; readonly within: object }[] = [{ at: "", within: root }];
  const seen = new Set<object>([root]);
  for (let next = left.pop(); next; next = left.pop()) {
    for (const [key, member] of membersOf(next.within)) {
      const name = String(key);
      const at = next.at === "" ? name : `${next.at}.${name}`;
      const nullKind = kindOfNull(member);
      if (nullKind !== undefined) return `${nullKind} at "${at}"`;
      const inner = seenByJson(member, name);
      if (inner === undefined || seen.has(inner)) continue;
      seen.add(inner);
      const kind = kindOfSeen(inner);
      if (kind !== undefined) return `${kind} at "${at}"`;
      left.push({ at, within: inner });
    }
  }
  return undefined;
}

function membersOf(value: object): Iterable<[string | number, unknown]> {
  return Array.isArray(value) ? value.entries() : Object.entries(value);
}

/** The object that JSON sees in the place of a value. */
function seenByJson(value: unknown, name: string): object | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { toJSON } = value as { readonly toJSON?: unknown };
  const seen: unknown = typeof toJSON === "function" ? toJSON.call(value, name) : value;
  return typeof seen === "object" && seen !== null ? seen : undefined;
}
