/** The way of messages to one browser: a WebSocket or an event stream. */
export interface Transport {
  /** The bytes that the browser has not taken yet. */
  readonly buffered: number;
  /** Returns a message as it travels. Several are written at once. */
  frame(message: string, position: string | undefined): string;
  write(frames: string): void;
  /** Asks the browser for a sign of life. Returns false when it gave none since the last call. */
  ping(): boolean;
  /** Closes the connection, soon also when the browser does not take what was written. */
  close(code: number, reason: string): void;
}
