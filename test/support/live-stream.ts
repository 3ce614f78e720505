/** A browser of live changes for tests: reads an event stream, message by message. */
import type { Live, LiveShape } from "beehive-actors/http";

/** A message of the server, see src/live/wire.ts. */
export interface LiveMessage {
  readonly beat?: number;
  readonly at?: number;
  readonly on?: number;
  readonly refused?: number;
  readonly position?: string;
  readonly load?: boolean;
  readonly close?: number;
  readonly error?: string;
  readonly change?: { readonly type: string; readonly key?: string; readonly body: unknown };
}

export const pageOrigin = "http://localhost:4000";

export class LiveStream {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #decoder = new TextDecoder();
  #text = "";

  private constructor(response: Response) {
    this.response = response;
    this.#reader = response.body?.getReader();
  }

  /** Opens a stream with a list of messages. */
  static async open(
    push: Pick<Live<LiveShape>, "fetch">,
    messages: readonly object[],
    headers: Record<string, string> = {},
  ): Promise<LiveStream> {
    const request = new Request(`${pageOrigin}/live`, { method: "POST", headers, body: JSON.stringify(messages) });
    return new LiveStream(await push.fetch(request));
  }

  /** Returns the next message but heartbeats; `undefined` at the end of the stream. */
  async next(): Promise<LiveMessage | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const data = /^data: (.*)$/m.exec(this.#text.slice(0, end))?.[1] ?? "{}";
        this.#text = this.#text.slice(end + 2);
        const message = JSON.parse(data) as LiveMessage;
        if (Object.keys(message).length > 0 && message.beat === undefined) return message;
        continue;
      }
      const part = await this.#reader?.read();
      if (!part || part.done) return undefined;
      this.#text += this.#decoder.decode(part.value, { stream: true });
    }
  }

  /** Returns the bodies of the next changes. */
  async bodies<T>(count: number): Promise<T[]> {
    const found: T[] = [];
    while (found.length < count) {
      const message = await this.next();
      if (!message) throw new Error(`the stream ended after ${found.length} changes`);
      if (message.change) found.push(message.change.body as T);
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#reader?.cancel();
  }
}
