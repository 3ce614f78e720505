import { hash, randomUUID } from "node:crypto";
import { uuidOf } from "../base/uuid.ts";
import type { EventRecord } from "./event-record.ts";

/** An id, or the means to work it out. */
export type IdSource = string | OutputId;

/** The facts that make an output of a step differ from all others. */
export interface OutputFacts {
  /** The identity of the input. */
  readonly inputId: IdSource;
  /** The queue or subscription that the input came from. */
  readonly subscription: string;
  readonly eventType: string;
  readonly queueName: string;
  /** The fields besides the body, as text; empty for most events. */
  readonly traits: string;
  /** The body as text. */
  readonly body: string;
  /** Distinguishes equal outputs of one step; 0 for the first. */
  readonly ordinal: number;
}

/** Maximum characters of bodies that an id keeps, with those of the ids that it depends on. */
const maxKept = 8_192;
/** Counts for the objects of one id, in characters. */
const perId = 128;

/**
 * The id of an output, worked out when something reads it. Many ids are never read.
 *
 * A hash of the input, the subscription and the output, so that a repeated step gives the same id. The position of the
 * output alone would not do: an actor that returns its outputs in another order on its second attempt would have a new
 * event dropped as a duplicate.
 */
export class OutputId {
  #facts: OutputFacts | undefined;
  #text: string | undefined;
  /** The characters kept, see {@link maxKept}. */
  readonly #kept: number = 0;

  /** @param facts Without facts the id is a random UUID. */
  constructor(facts?: OutputFacts) {
    this.#facts = facts;
    this.#text = undefined;
    if (facts === undefined) return;
    this.#kept = perId + facts.body.length + (facts.inputId instanceof OutputId ? facts.inputId.#keeps : 0);
    // Chains of events may be endless: the memory that one id holds is not.
    if (this.#kept > maxKept) this.#text = this.text;
  }

  get #keeps(): number {
    return this.#facts === undefined ? 0 : this.#kept;
  }

  /** True after the text was computed. */
  get isRead(): boolean {
    return this.#text !== undefined;
  }

  get text(): string {
    if (this.#text !== undefined) return this.#text;
    this.#text = this.#facts === undefined ? randomUUID() : hashOf(this.#facts);
    this.#facts = undefined;
    return this.#text;
  }
}

/** Returns the id as text. */
export function idText(source: IdSource): string {
  return typeof source === "string" ? source : source.text;
}

function hashOf({ inputId, subscription, eventType, queueName, traits, body, ordinal }: OutputFacts): string {
  const content = `${idText(inputId)}\n${subscription}\n${eventType}\n${queueName}\n${traits}\n${body}`;
  return uuidOf(hash("sha256", ordinal === 0 ? content : `${ordinal}\n${content}`, "hex"));
}

/**
 * Returns the identity of an event: its id, or with a `source` a hash of both.
 *
 * CloudEvents ids are unique within one source only. Use the identity as an idempotency key.
 *
 * @example
 * await stock.increment("Shop", sku, -1, { once: identityOf(event) });
 */
export function identityOf({ id, properties }: Pick<EventRecord, "id" | "properties">): string {
  const source = properties?.["source"];
  if (typeof source !== "string" || source === "") return id;
  // JSON separates the two unambiguously.
  return uuidOf(hash("sha256", JSON.stringify([source, id]), "hex"));
}
