import { IncomingMessage } from "node:http";
import { RestError } from "@azure/data-tables";
import { systemClock } from "../../../src/base/clock.ts";
import type { Pipeline } from "./blob-pipeline.ts";

type Policy = Parameters<Pipeline["addPolicy"]>[0];
type Request = Parameters<Policy["sendRequest"]>[0];

/** The slowest that a body may travel, in bytes a ms: 10 s a megabyte. */
const slowest = 100;

/**
 * A limit for each try of a request over HTTP. The clients of storage and of the administration have none: when the network
 * goes silent they wait for as long as the connection lasts, be it for ever. Their `tryTimeoutInMs` is one for the service.
 *
 * An answer has to come within `ms`, and later the more bytes are sent. What is then streamed may take its time, but not be
 * silent for so long while somebody reads it. The error is one that the SDKs try again.
 */
export function timeLimit(ms: number): Policy {
  return {
    name: "beehiveTimeLimit",
    async sendRequest(request, next) {
      const { abortSignal: given } = request;
      const limitMs = ms + Math.ceil(sizeOf(request) / slowest);
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
        throw new RestError(`There was no answer within ${limitMs} ms`, { code: "ETIMEDOUT", request });
      } finally {
        timer.cancel();
        // Another try has a limit of its own.
        if (given) request.abortSignal = given;
        else delete request.abortSignal;
      }
    },
  };
}

/** Of its body, in bytes, as far as it is known: of a stream it is said in a header. */
function sizeOf({ headers, body }: Request): number {
  return Number(headers.get("content-length") ?? (typeof body === "string" ? Buffer.byteLength(body) : 0));
}

function endWhenSilent(body: IncomingMessage, ms: number, end: () => void): void {
  const { socket } = body;
  const before = socket.timeout ?? 0;
  // Nothing comes while nobody reads; whoever begins again has a new limit.
  const look = (): void => {
    if (!body.isPaused()) end();
  };
  socket.setTimeout(ms).on("timeout", look);
  body.on("resume", () => socket.setTimeout(ms));
  body.once("close", () => socket.off("timeout", look).setTimeout(before));
}
