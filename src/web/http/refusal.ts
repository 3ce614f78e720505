import type { IngestProblem } from "./handler.ts";

/** The details of a {@link Refusal}. */
export interface RefusalDetails {
  /** The time after which the client may try again, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** The problems of the content. */
  readonly problems?: readonly IngestProblem[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Ends a request with a status and words for the client. It is no failure of this process. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
  readonly status: number;
  readonly details: RefusalDetails;

  constructor(status: number, message: string, details: RefusalDetails = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** Refuses a request whose body was not read to its end. Its connection ends, too, so that nobody reads the rest. */
export function unread(status: number, message: string): Refusal {
  return new Refusal(status, message, { headers: { connection: "close" } });
}
