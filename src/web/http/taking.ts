import type { StandardSchemaV1 } from "@standard-schema/spec";
import { messageOf } from "../../base/error-text.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { notPromised } from "../../base/rejection.ts";
import type { Event } from "../../events/event.ts";
import type { Hive } from "../../hive/hive.ts";
import { checkedItem } from "./checked-item.ts";
import { eventsOf } from "./events-of.ts";
import type {
  Ack,
  HandlerAnswer,
  IngestAnswer,
  IngestItem,
  IngestProblem,
  IngestRequest,
  Processed,
  Validity,
} from "./handler.ts";
import { hashOf } from "./idempotency.ts";
import { Refusal } from "./refusal.ts";
import { isOfContent, type SupervisedHandler } from "./supervised.ts";

/** The handlers that joined a request, and the answers of those that failed. */
export interface Joined {
  readonly joined: readonly SupervisedHandler[];
  readonly failed: Readonly<Record<string, HandlerAnswer>>;
}

/** The wishes of a request beside its content. */
export interface Wishes {
  /** The idempotency key. */
  readonly key: string | undefined;
  readonly ack: Ack | undefined;
}

/** How far a handler came with a request. */
interface Step {
  readonly handler: SupervisedHandler;
  readonly answer: HandlerAnswer | undefined;
  /** The items as its schema makes them. */
  readonly items: readonly IngestItem[];
  /** The identity of a signed message. */
  readonly identity: string | undefined;
  readonly events: readonly Event[];
  readonly ack: Ack | undefined;
}

/** Takes requests through their handlers: join, signature, validate, ingest, publish. */
export class Taking {
  readonly #hive: Hive;
  readonly #logger: Logger;
  readonly #ack: Ack;
  readonly #processedMs: number;

  constructor(hive: Hive, logger: Logger, { ack, processedMs }: { readonly ack: Ack; readonly processedMs: number }) {
    this.#hive = hive;
    this.#logger = logger;
    this.#ack = ack;
    this.#processedMs = processedMs;
  }

  /** Asks all handlers whether they want a request, also those that are down: their part must be sent again. */
  async joined(request: IngestRequest, handlers: readonly SupervisedHandler[]): Promise<Joined> {
    const failed: (readonly [name: string, answer: HandlerAnswer])[] = [];
    const joined: SupervisedHandler[] = [];
    const ask = async (handler: SupervisedHandler): Promise<void> => {
      const isDown = handler.waitMs > 0;
      try {
        const wants = await handler.run(request, (one, own) => one.join?.(own) ?? false);
        if (wants === true) joined.push(handler);
      } catch (error) {
        // Content that it cannot read is not for it.
        if (!isOfContent(error)) failed.push(isDown ? down(handler) : [handler.name, failure(error)]);
      }
    };
    await Promise.all(handlers.map(ask));
    return { joined, failed: Object.fromEntries(failed) };
  }

  /** Returns the answer to a request. @throws the errors of the push. */
  async take(request: IngestRequest, { joined, failed }: Joined, { key, ack }: Wishes): Promise<IngestAnswer> {
    const checked = await Promise.all(joined.map((handler) => this.#checked(handler, request)));
    const invalid = checked.some(({ answer }) => answer?.status === 401 || answer?.status === 422);
    if (invalid) return this.#answer(request, checked, failed);
    const made = await Promise.all(checked.map((step) => this.#made(step, request, key)));
    if (made.some(({ answer }) => answer?.status === 422)) return this.#answer(request, made, failed);
    const events = made.flatMap((step) => step.events);
    const chosen = ack ?? made.find((step) => step.ack !== undefined)?.ack ?? this.#ack;
    // Before the push: afterwards a refusal would make the client send again.
    if (chosen === "processed" && !this.#hive.journal)
      throw new Refusal(
        400,
        'This hive keeps no journal, so that nobody knows when events are processed: use "accepted".',
      );
    const processed = await this.#publish(request, events, chosen);
    for (const { handler, events: own, answer } of made) if (!answer) handler.succeeded(own.length);
    const answers = made.map((step) => ({
      ...step,
      answer: step.answer ?? { status: chosen === "none" ? 202 : 200, events: step.events.map(({ id }) => id) },
    }));
    return this.#answer(request, answers, failed, processed);
  }

  /** Checks the signature and the content. */
  async #checked(handler: SupervisedHandler, request: IngestRequest): Promise<Step> {
    const step = { handler, items: request.items, identity: undefined, events: [], ack: undefined };
    if (handler.waitMs > 0) return { ...step, answer: down(handler)[1] };
    handler.requests++;
    try {
      return await handler.run(request, async (one, own) => {
        const identity = notPromised("verify", one.signature?.verify({ ...own, now: this.#hive.clock.now() }));
        if (one.signature && typeof identity !== "string")
          return { ...step, answer: { status: 401, error: "the signature is missing, wrong or too old" } };
        const fit = one.schema ? own.items.map((item) => checkedItem(item, one.schema as StandardSchemaV1)) : [];
        const items = one.schema ? fit.map(({ item }) => item) : own.items;
        const misfits = fit.flatMap(({ problems }) => problems);
        // Code that checks more may rely on the schema.
        const problems = misfits.length > 0 ? misfits : problemsOf(await one.validate?.({ ...own, items }));
        const answer = problems.length > 0 ? { status: 422, problems } : undefined;
        return { ...step, items, identity, ack: one.ack, answer };
      });
    } catch (error) {
      return { ...step, answer: failure(error) };
    }
  }

  async #made(step: Step, request: IngestRequest, key: string | undefined): Promise<Step> {
    if (step.answer) return step;
    try {
      // Another body under the key of a request that failed is another event, also where a part was published.
      const identity = key === undefined ? step.identity : hashOf([key, request.bytes]);
      const events = await eventsOf(step.handler, { ...request, items: step.items }, identity);
      return { ...step, events };
    } catch (error) {
      return { ...step, answer: failure(error) };
    }
  }

  async #publish(request: IngestRequest, events: readonly Event[], ack: Ack): Promise<Processed | undefined> {
    if (ack === "none") {
      this.#hive.push(events).catch((error: unknown) => {
        this.#logger.error(
          { err: error, requestId: request.id, events: events.length },
          "events of a request are lost",
        );
      });
      return undefined;
    }
    await this.#hive.push(events);
    if (ack !== "processed") return undefined;
    try {
      return await this.#hive.settled(events, this.#processedMs);
    } catch (error) {
      // The events are published, so the client must not send them again.
      this.#logger.warn({ err: error, requestId: request.id }, "a request could not wait for the end of its events");
      return "waiting";
    }
  }

  #answer(
    { id: requestId }: IngestRequest,
    steps: readonly Step[],
    failed: Joined["failed"],
    processed?: Processed,
  ): IngestAnswer {
    const own = steps.map(({ handler, answer }) => [handler.name, answer ?? { status: 200, events: [] }] as const);
    for (const { handler, answer } of steps) if (answer?.status === 422 || answer?.status === 401) handler.rejected++;
    const handlers = { ...failed, ...Object.fromEntries(own) };
    const status = statusOf(Object.values(handlers), processed);
    const error = status === 422 ? { error: "The content of the request is not valid." } : {};
    return { requestId, status, handlers, ...error, ...(processed && { processed }) };
  }
}

function statusOf(answers: readonly HandlerAnswer[], processed: Processed | undefined): number {
  const statuses = answers.map(({ status }) => status);
  for (const refusal of [401, 422]) if (statuses.includes(refusal)) return refusal;
  if (statuses.every((status) => status < 300)) return processed === "waiting" ? 202 : Math.max(...statuses);
  return statuses.some((status) => status < 300) ? 207 : Math.max(...statuses);
}

function down({ name, condition }: SupervisedHandler): readonly [name: string, answer: HandlerAnswer] {
  return [name, { status: 503, error: `it is ${condition}` }];
}

/** Returns what a handler found wrong. */
function problemsOf(validity: Validity): readonly IngestProblem[] {
  if (validity === undefined || validity === true) return [];
  if (validity === false) return [{ path: "", problem: "it is not valid" }];
  return [validity].flat().map((one) => (typeof one === "string" ? { path: "", problem: one } : one));
}

/** Returns the answer of a handler that threw. Its words are for the log alone, unless they are of the content. */
function failure(error: unknown): HandlerAnswer {
  if (isOfContent(error)) return { status: 422, problems: [{ path: "", problem: messageOf(error) }] };
  if (error instanceof Refusal) return { status: error.status, error: error.message };
  const isLate = isBeeHiveError(error, "Timeout");
  return { status: 500, error: isLate ? "it took too long" : "it failed; the log has more" };
}
