import { isBeeHiveError } from "../base/errors.ts";
import type { CollectionStore, Stored, Stores } from "../contract/stores.ts";
import type { Control } from "./control.ts";

/** Maximum tries of a change that others race. */
const maxTries = 10;

/** Followers in this process by the stores that they read, so that they follow at once. */
const followers = new WeakMap<Stores, Set<() => Promise<void>>>();

/** Keeps the controls of all subscriptions and pulsers in the stores of a provider. */
export class ControlStore {
  readonly #stores: Stores;
  readonly #controls: CollectionStore<Control>;

  constructor(stores: Stores) {
    this.#stores = stores;
    this.#controls = stores.collection<Control>("HiveControls");
  }

  /** Returns every control by its id: one request for up to some hundreds. */
  async all(): Promise<ReadonlyMap<string, Stored<Control>>> {
    const found = new Map<string, Stored<Control>>();
    for await (const control of this.#controls.all()) found.set(control.id, control);
    return found;
  }

  find(id: string): Promise<Stored<Control> | undefined> {
    return this.#controls.find(id);
  }

  /**
   * Changes a control, also while others change it. Resolves when the hives of this process follow.
   *
   * @param change Returns the new state, or `undefined` to leave it as it is.
   */
  async change(id: string, change: (control: Control) => Control | undefined): Promise<void> {
    if (await this.#write(id, change)) await this.#notify();
  }

  async #write(id: string, change: (control: Control) => Control | undefined): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      const before = await this.#controls.find(id);
      const after = change(before ?? { id });
      if (!after) return false;
      try {
        const written = before ? await this.#controls.update(after) : await this.#controls.insertIfAbsent(after);
        if (written) return true;
      } catch (error) {
        const raced = isBeeHiveError(error, "ConcurrencyConflict") || isBeeHiveError(error, "NotFound");
        if (!raced || tries >= maxTries) throw error;
      }
    }
  }

  /** Calls `look` after each change in this process. Returns a function that ends it. */
  follow(look: () => Promise<void>): () => void {
    const looks = followers.get(this.#stores) ?? new Set();
    followers.set(this.#stores, looks.add(look));
    return () => void looks.delete(look);
  }

  async #notify(): Promise<void> {
    await Promise.all([...(followers.get(this.#stores) ?? [])].map((look) => look()));
  }
}
