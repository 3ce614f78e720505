/** The messages between a browser and the server: JSON, one a line. */

/** Begins a subscription. */
export interface Subscribe {
  /** The number that the browser gave it. */
  readonly subscribe: number;
  /** The name of the topic or query. */
  readonly to: string;
  /** The selection: `key` of a topic, the parameters of a query. @default all of a topic */
  readonly where?: Readonly<Record<string, string>> | undefined;
  /** The last position that the browser knows. @default the present */
  readonly after?: string | undefined;
}

/** Ends a subscription. */
interface Unsubscribe {
  readonly unsubscribe: number;
}

export type FromBrowser = Subscribe | Unsubscribe;

/*
 * To the browser:
 *
 * - `{"beat":15000}` first: the server sends something at least so often, in ms.
 * - `{"at":1,"position":"…"}`: the subscription 1 has had all changes before the position.
 * - `{"at":1,"position":"…","load":true}`: the same, and changes before it may be missing. The page loads its state.
 * - `{"on":1,"position":"…","change":{…}}`: a change.
 * - `{"refused":1,"error":"…"}`: there is no such subscription.
 * - `{"close":1013}`: the last message of an event stream, with the code by which a socket is closed.
 * - `{}`: a heartbeat.
 */

/** The codes by which the server closes a connection. */
export const closeCodes = {
  /** The browser broke a limit or the protocol. */
  refused: 1008,
  /** The server failed, for example in `may`. */
  failed: 1011,
  /** The server stops. */
  restart: 1012,
  /** The browser took its messages too slowly. */
  slow: 1013,
  /** The user is signed out. */
  signedOut: 4401,
} as const;
