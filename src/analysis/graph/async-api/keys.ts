/** Gives each thing a key of its own that AsyncAPI allows. */
export class Keys {
  readonly #keys = new Map<string, Map<unknown, string>>();
  readonly #taken = new Set<string>();

  /** @param of The thing itself, where a name is not unique, such as a schema. */
  of(kind: string, name: string, of?: unknown): string {
    const known = this.#keys.get(`${kind} ${name}`) ?? new Map<unknown, string>();
    this.#keys.set(`${kind} ${name}`, known);
    // `__proto__` cannot be a plain key, neither here nor in readers of the document.
    const plain =
      name
        .replaceAll(/[^\w.-]/g, "_")
        .replace(/-$/, "")
        .replace(/^__proto__$/, "_proto_") || "_";
    let key = known.get(of) ?? plain;
    for (let number = 2; !known.has(of) && this.#taken.has(`${kind} ${key}`); number++) key = `${plain}_${number}`;
    this.#taken.add(`${kind} ${key}`);
    known.set(of, key);
    return key;
  }
}

export interface Reference {
  readonly $ref: string;
}

/** Returns a reference to a part of the document: `referenceTo("components", "messages", key)`. */
export function referenceTo(...path: readonly string[]): Reference {
  return { $ref: `#/${path.join("/")}` };
}
