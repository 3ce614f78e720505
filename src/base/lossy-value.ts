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

/** Returns the kind of a value that JSON loses, such as `a Map`; `undefined` for a value that JSON carries. */
export function lossyKind(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || isPlain(value)) return undefined;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return undefined;
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (!ArrayBuffer.isView(value) && !lossyTags.has(tag)) return undefined;
  return /^[AEIO]/.test(tag) ? `an ${tag}` : `a ${tag}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}

/**
 * Returns a value that `value` lost as the JSON `json`, such as `an ArrayBuffer at "file.content"`.
 *
 * Looks only if the JSON has the remains of such a value, so that other bodies cost two searches of their text.
 */
export function lostWithin(value: unknown, json: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!json.includes("{}") && !json.includes('{"0":')) return undefined;
  // A list instead of recursion: JSON may nest more deeply than the stack.
  const left: { readonly at: string; readonly within: object }[] = [{ at: "", within: value }];
  for (let next = left.pop(); next; next = left.pop()) {
    for (const [name, inner] of Object.entries(next.within) as [string, unknown][]) {
      if (typeof inner !== "object" || inner === null) continue;
      const at = next.at === "" ? name : `${next.at}.${name}`;
      const kind = lossyKind(inner);
      if (kind !== undefined) return `${kind} at "${at}"`;
      if (typeof (inner as { toJSON?: unknown }).toJSON !== "function") left.push({ at, within: inner });
    }
  }
  return undefined;
}
