import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { KeyedListStore, Stored } from "../../contract/stores.ts";
import { keyedListStore, type Token } from "../../actors/injection/tokens.ts";
import type { IngestAnswer, IngestRequest } from "./handler.ts";
import { Refusal } from "./refusal.ts";

/** A claim of a key, and its answer. */
interface KeptAnswer {
  readonly id: string;
  /** The hash of the request: another one may not use the key. */
  readonly request: string;
  /** When the claim was made, in ms since the epoch. */
  readonly at: number;
  /** The answer as JSON; `undefined` while the request is handled. */
  readonly answer?: string | undefined;
}

/** @internal The token of the store of answers. */
export const IngestAnswers: Token<KeyedListStore<KeptAnswer>> = keyedListStore<KeptAnswer>("IngestAnswers");

const list = "generation";
/** How long a claim without an answer holds, in ms: its process has died by then. */
const claimMs = 60_000;
const keyShape = /^[\x21-\x7e]{1,255}$/;

/**
 * Returns the idempotency key of a request; `undefined` without one.
 *
 * @throws Refusal 400 for a key that is too long, or not printable.
 */
export function idempotencyKeyOf(headers: Headers): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null || keyShape.test(key)) return key ?? undefined;
  throw new Refusal(400, "The Idempotency-Key must have 1 to 255 printable characters without spaces.");
}

/**
 * Answers of requests with an `Idempotency-Key`, in the stores of the provider.
 *
 * Answers live in generations, each as long as the time to live: a key is looked for in the present one and the one
 * before, and older ones are deleted as a whole.
 */
export class KeptAnswers {
  readonly #store: KeyedListStore<KeptAnswer>;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** The requests under way in this process. */
  readonly #running = new Map<string, Promise<IngestAnswer>>();
  #generation: number | undefined;

  constructor(store: KeyedListStore<KeptAnswer>, ttlMs: number, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Returns the kept answer, or that of `work`, which is kept if its events are published.
   *
   * @throws Refusal 422 for another request under the same key, 409 while another process handles it.
   */
  async once(key: string, request: IngestRequest, work: () => Promise<IngestAnswer>): Promise<IngestAnswer> {
    const id = hashOf([request.client, request.to ?? "", key]);
    const hash = hashOf([request.headers.get("content-type") ?? "", request.bytes]);
    // A request that failed leaves the key to the next.
    for (let other = this.#running.get(id); other; other = this.#running.get(id)) await other.catch(() => {});
    const answer = this.#claimed(id, hash, work).finally(() => this.#running.delete(id));
    this.#running.set(id, answer);
    return await answer;
  }

  async #claimed(id: string, request: string, work: () => Promise<IngestAnswer>): Promise<IngestAnswer> {
    const now = this.#clock.now();
    const generation = Math.floor(now / this.#ttlMs);
    this.#forget(generation);
    const last = await this.#store.find(list, String(generation - 1), id);
    if (last && last.at + this.#ttlMs > now) {
      const answer = this.#answerOf(last, request, now);
      if (answer) return answer;
    }
    const claim: KeptAnswer = { id, request, at: now };
    const key = String(generation);
    let claimed = await this.#store.insertIfAbsent(list, key, claim);
    if (!claimed) {
      const other = await this.#store.find(list, key, id);
      const answer = other && this.#answerOf(other, request, now);
      if (answer) return answer;
      claimed = await this.#takeOver(key, claim, other);
    }
    try {
      const answer = await work();
      // Of 207 some events are not published yet: the next try publishes those, the others are duplicates.
      if (answer.status === 200 || answer.status === 202) {
        await this.#keep(key, { ...claimed, answer: JSON.stringify(answer) });
        return answer;
      }
      await this.#release(key, claimed);
      return answer;
    } catch (error) {
      await this.#release(key, claimed);
      throw error;
    }
  }

  /** Returns the answer; `undefined` for a claim whose process has died. */
  #answerOf({ request: of, answer, at }: KeptAnswer, request: string, now: number): IngestAnswer | undefined {
    if (of !== request)
      throw new Refusal(422, "Another request has this Idempotency-Key. Give each request a key of its own.");
    if (answer !== undefined) return JSON.parse(answer) as IngestAnswer;
    if (Math.abs(now - at) < claimMs)
      throw new Refusal(409, "A request with this Idempotency-Key is being handled.", { retryAfterMs: 1_000 });
    return undefined;
  }

  async #takeOver(key: string, claim: KeptAnswer, dead: Stored<KeptAnswer> | undefined): Promise<Stored<KeptAnswer>> {
    try {
      return await (dead
        ? this.#store.update(list, key, { ...claim, etag: dead.etag } as KeptAnswer)
        : this.#store.insert(list, key, claim));
    } catch (cause) {
      if (!["ConcurrencyConflict", "NotFound", "AlreadyExists"].some((code) => isBeeHiveError(cause, code as never)))
        throw cause;
      const message = "A request with this Idempotency-Key is being handled.";
      throw new Refusal(409, message, { retryAfterMs: 1_000 });
    }
  }

  /** A failure is no matter: the ids of the events are those of the key, so that the next try publishes duplicates. */
  async #keep(key: string, answer: Stored<KeptAnswer>): Promise<void> {
    try {
      await this.#store.update(list, key, answer);
    } catch (error) {
      this.#logger.warn({ err: error }, "the answer of a request could not be kept for its Idempotency-Key");
    }
  }

  async #release(key: string, claim: Stored<KeptAnswer>): Promise<void> {
    try {
      await this.#store.delete(list, key, claim);
    } catch (error) {
      this.#logger.warn({ err: error }, "an Idempotency-Key could not be released; it is within a minute");
    }
  }

  /** Deletes the answers that are too old, in the background, when a generation begins. */
  #forget(generation: number): void {
    if (this.#generation === generation) return;
    this.#generation = generation;
    this.#store.deleteList(list, String(generation - 2)).catch((error: unknown) => {
      this.#logger.warn({ err: error }, "old answers for Idempotency-Keys could not be deleted");
    });
  }
}

/** Returns a hash of the parts, which none can confuse with other parts. */
export function hashOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts)
    hash.update(`${typeof part === "string" ? Buffer.byteLength(part) : part.byteLength}:`).update(part);
  return hash.digest("hex");
}
