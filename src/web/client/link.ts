/** A connection to the server that gives lines, and takes some where it is a socket. */
export interface Link {
  /** Sends a message; `undefined` where all is said when it is opened. */
  readonly send: ((message: object) => void) | undefined;
  close(): void;
}

export interface LinkParts {
  readonly url: URL;
  /** The subscriptions to begin with. */
  readonly begin: () => readonly object[];
  readonly onMessage: (message: string) => void;
  /** Called once, when the link is over. */
  readonly onEnd: () => void;
}

interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((message: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

type SocketClass = new (url: string) => SocketLike;

/** Returns the WebSocket of the browser; `undefined` without one. */
export function socketClass(): SocketClass | undefined {
  return (globalThis as { readonly WebSocket?: SocketClass }).WebSocket;
}

export function openSocket(Socket: SocketClass, { url, begin, onMessage, onEnd }: LinkParts): Link {
  const address = new URL(url);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new Socket(address.href);
  const send = (message: object): void => socket.send(JSON.stringify(message));
  socket.onopen = () => begin().forEach(send);
  socket.onmessage = ({ data }) => {
    for (const line of `${data as string}`.split("\n")) if (line) onMessage(line);
  };
  socket.onclose = onEnd;
  // Outside of browsers an error without a listener ends the process.
  socket.onerror = () => {};
  return {
    send,
    close: () => {
      socket.onclose = socket.onmessage = null;
      socket.close();
    },
  };
}

/** Opens an event stream. A fetch, unlike EventSource, can send headers, and many subscriptions. */
export function openStream({ url, begin, onMessage, onEnd }: LinkParts, headers: HeadersOf): Link {
  const over = new AbortController();
  const read = async (): Promise<void> => {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...(await headers?.()), "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify(begin()),
      credentials: "include",
      signal: over.signal,
    });
    if (!response.ok || !response.body) return;
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (text + decoder.decode(part.value, { stream: true })).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("data: ") && !over.signal.aborted) onMessage(line.slice(6));
    }
  };
  read()
    .catch(() => {})
    .finally(() => over.signal.aborted || onEnd());
  return { send: undefined, close: () => over.abort() };
}

/** Returns the headers of a request. */
export type HeadersOf =
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)
  | undefined;
