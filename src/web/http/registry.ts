import { durationProblems } from "../../base/duration.ts";
import { time } from "../../base/numbers.ts";
import { throwProblems } from "../../base/problems.ts";
import { isEventType, type AnyEventType } from "../../events/event-type.ts";
import type { IngestHandler, Ingested, IngestRequest } from "./handler.ts";
import { SupervisedHandler, type HandlerState, type SupervisionParts } from "./supervised.ts";
import { accepting } from "./type-handler.ts";

/**
 * A handler, or what stands for one.
 *
 * - an event type: its CloudEvents, and bodies as JSON at the path of the handler;
 * - a function, which returns the events of a request to its path;
 * - an object with the methods of {@link IngestHandler};
 * - a class of such objects, which the container of the hive makes: at its first request, and after each failure.
 */
export type IngestSource =
  | AnyEventType
  | ((request: IngestRequest) => Ingested | Promise<Ingested>)
  | IngestHandler
  // oxlint-disable-next-line typescript/no-explicit-any -- any class can be a handler, whatever its dependencies
  | (new (...dependencies: any[]) => IngestHandler);

type HandlerClass = new (...dependencies: unknown[]) => IngestHandler;

const nameShape = /^[A-Za-z][\w-]{0,63}$/;

/** The handlers of an ingestion, by name. */
export class Registry {
  readonly #handlers = new Map<string, SupervisedHandler>();
  readonly #parts: SupervisionParts;
  readonly #make: (type: HandlerClass) => Promise<IngestHandler>;

  /** The event types that stand for handlers. */
  readonly #types = new Map<string, string>();

  /** @param make Makes an object of a class, with its dependencies. */
  constructor(parts: SupervisionParts, make: (type: HandlerClass) => Promise<IngestHandler>) {
    this.#parts = parts;
    this.#make = make;
  }

  /** Adds a handler; one of that name is replaced. @throws BeeHiveError `InvalidConfiguration`. */
  register(name: string, source: IngestSource): void {
    throwProblems(handlerProblems(name, source), "The handler cannot be registered");
    if (isEventType(source)) this.#types.set(name, source.name);
    else this.#types.delete(name);
    this.#handlers.set(name, new SupervisedHandler(name, this.#makerOf(source), this.#parts));
  }

  remove(name: string): boolean {
    return this.#handlers.delete(name);
  }

  get(name: string): SupervisedHandler | undefined {
    return this.#handlers.get(name);
  }

  /** Returns the name of the event type that stands for a handler. */
  eventTypeOf(name: string | undefined): string | undefined {
    return name === undefined ? undefined : this.#types.get(name);
  }

  all(): readonly SupervisedHandler[] {
    return [...this.#handlers.values()];
  }

  states(): readonly HandlerState[] {
    return this.all().map(({ state }) => state);
  }

  #makerOf(source: IngestSource): () => IngestHandler | Promise<IngestHandler> {
    if (isEventType(source)) return () => accepting(source);
    if (isClass(source)) return () => this.#make(source);
    if (typeof source === "function") {
      const ingest = source as (request: IngestRequest) => Ingested | Promise<Ingested>;
      return () => ({ ingest });
    }
    return () => source as IngestHandler;
  }
}

/** Returns what is wrong with a handler, in words. */
export function handlerProblems(name: string, source: unknown): string[] {
  const problems =
    nameShape.test(name) && name !== "ingest" && name !== "handlers"
      ? []
      : [
          `"${name.slice(0, 80)}" is no name of a handler: a letter, then letters, digits, _ and -; not "ingest" or "handlers"`,
        ];
  if (isEventType(source) || typeof source === "function") return problems;
  const { ingest, join, validate, timeout, ack } = Object(source) as Partial<IngestHandler>;
  if (typeof ingest !== "function")
    return [...problems, `${name} must be an event type, a function, a class, or an object with the method ingest`];
  for (const [method, given] of Object.entries({ join, validate }))
    if (given !== undefined && typeof given !== "function") problems.push(`${name}.${method} must be a function`);
  if (timeout !== undefined) problems.push(...durationProblems(`${name}.timeout`, timeout, time));
  if (ack !== undefined) problems.push(...ackProblems(`${name}.ack`, ack));
  return problems;
}

/** Returns what is wrong with a choice of the acknowledgement, in words. */
export function ackProblems(name: string, ack: unknown): string[] {
  if (ack === "none" || ack === "accepted" || ack === "processed") return [];
  return [`${name} must be "none", "accepted" or "processed"`];
}

/** Returns whether a function is a class: its prototype cannot be replaced. */
function isClass(source: unknown): source is HandlerClass {
  return typeof source === "function" && Object.getOwnPropertyDescriptor(source, "prototype")?.writable === false;
}
