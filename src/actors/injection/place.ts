import type { BindingConstraints, MetadataName, MetadataTag, ServiceIdentifier } from "inversify";

/** The marks that distinguish dependencies with the same identifier. */
export interface Marks {
  readonly name?: MetadataName | undefined;
  readonly tags?: Map<MetadataTag, unknown> | undefined;
}

/** A dependency in the tree of an actor, as the constraints of inversify's bindings see it. */
export class Place implements BindingConstraints {
  readonly serviceIdentifier: ServiceIdentifier;
  readonly name: MetadataName | undefined;
  readonly tags: Map<MetadataTag, unknown>;
  readonly #parent: Place | undefined;

  constructor(serviceIdentifier: ServiceIdentifier, parent?: Place, { name, tags }: Marks = {}) {
    this.serviceIdentifier = serviceIdentifier;
    this.name = name;
    this.tags = tags ?? new Map<MetadataTag, unknown>();
    this.#parent = parent;
  }

  /** True for an actor, false for a dependency of one. */
  get isRoot(): boolean {
    return this.#parent === undefined;
  }

  /** The name of the class or token. */
  get text(): string {
    const { serviceIdentifier: id } = this;
    if (typeof id === "function") return id.name || "an anonymous class";
    return typeof id === "symbol" ? (id.description ?? "a symbol without a name") : id;
  }

  /** The path from the actor: `PaymentActor -> Gateway -> Url`. */
  get path(): string {
    return this.#parent ? `${this.#parent.path} -> ${this.text}` : this.text;
  }

  /** True when an ancestor is the same dependency, so that neither can ever be made. */
  get isCircular(): boolean {
    for (let one = this.#parent; one; one = one.#parent) if (this.#equals(one)) return true;
    return false;
  }

  #equals(other: Place): boolean {
    return other.serviceIdentifier === this.serviceIdentifier && other.name === this.name && this.tags.size === 0;
  }

  getAncestor(): Place | undefined {
    return this.#parent;
  }
}
