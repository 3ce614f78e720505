import { IncomingMessage } from "node:http";
import { RestError } from "@azure/data-tables";
import { systemClock } from "../../../src/base/clock.ts";
import type { Pipeline } from "./blob-pipeline.ts";

type Policy = Parameters<Pipeline["addPolicy"]>[0];
type Request = Parameters<Policy["sendRequest"]>[0];

/** The slowest upload, in bytes per ms: 10 s for a megabyte. */
const minBytesPerMs = 100;

/**
 * Limits each try of an HTTP request; the SDKs retry after it.
 *
 * The clients of storage and administration have no such limit: when the network goes silent, they wait as long as the
 * connection lasts. Their `tryTimeoutInMs` limits the service only.
 *
 * An answer must begin within `ms`, plus the time for the bytes that are sent. A body that is streamed then may take
 * longer, but must not be silent for `ms` while it is read.
 */
export function timeLimit(ms: number): Policy {
  return {
    name: "beehiveTimeLimit",
    async sendRequest(request, next) {
      const { abortSignal: given } = request;
      const limitMs = ms + Math.ceil(sizeOf(request) / minBytesPerMs);
      const over = new AbortController();
      const timer = systemClock.after(limitMs, () => over.abort());
      request.abortSignal = given ? AbortSignal.any([given as AbortSignal, over.signal]) : over.signal;
      try {
        const response = await next(request);
        if (response.readableStreamBody instanceof IncomingMessage)
          endWhenSilent(response.readableStreamBody, ms, () => over.abort());
        return response;
      } catch (error) {
        if (!over.signal.aborted) throw error;
        throw new RestError(`There was no response within ${limitMs} ms`, { code: "ETIMEDOUT", request });
      } finally {
        timer.cancel();
        // The next try has its own limit.
        if (given) request.abortSignal = given;
        else delete request.abortSignal;
      }
    },
  };
}

/** Returns the size of the body in bytes; of a stream, that of the header. */
function sizeOf({ headers, body }: Request): number {
  return Number(headers.get("content-length") ?? (typeof body === "string" ? Buffer.byteLength(body) : 0));
}

function endWhenSilent(body: IncomingMessage, ms: number, end: () => void): void {
  const { socket } = body;
  const before = socket.timeout ?? 0;
  // A paused body is not silent; reading on starts a new limit.
  const look = (): void => {
    if (!body.isPaused()) end();
  };
  socket.setTimeout(ms).on("timeout", look);
  body.on("resume", () => socket.setTimeout(ms));
  body.once("close", () => socket.off("timeout", look).setTimeout(before));
}
