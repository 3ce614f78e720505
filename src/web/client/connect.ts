import { sleep, systemClock, type Clock, type Timer } from "../../base/clock.ts";
import { openSocket, openStream, socketClass, type HeadersOf, type Link } from "./link.ts";
import type { AnyShape, ClientChange, ClientShape } from "./shape.ts";

/** The state of a connection: `waiting` after a loss, until the next attempt. */
export type LiveState = "connecting" | "open" | "waiting" | "closed";

/** The options of {@link connect}. */
export interface ConnectOptions {
  /**
   * Returns headers, such as a token. A socket cannot send any, so the connection is an event stream then.
   *
   * @default None: cookies tell who the user is.
   */
  readonly headers?: HeadersOf;
  /** `events` takes server-sent events from the start. @default a socket, and events where none can be opened */
  readonly transport?: "events" | undefined;
  /** Called when the state changes. */
  readonly onState?: ((state: LiveState) => void) | undefined;
  /** @default The time of the browser. */
  readonly clock?: Clock | undefined;
}

/** The callbacks of a subscription. */
export interface LiveHandlers<Change> {
  /** Takes a change. Each comes once, those of a key in order. */
  readonly change: (change: Change) => void;
  /**
   * Loads the state of the page: at first, and when changes may be missing.
   *
   * Changes that come meanwhile are kept back, and follow it. A failure is tried again.
   */
  readonly load?: (() => void | Promise<void>) | undefined;
  /** Called when the server refuses the subscription, and when `load` fails. @default console.error */
  readonly error?: ((error: unknown) => void) | undefined;
}

/** A connection to a server. Returned by {@link connect}. */
export interface LiveClient<Shape extends ClientShape = AnyShape> {
  readonly state: LiveState;
  /**
   * Subscribes to a topic or query. Returns the end of it.
   *
   * @param where `key` of a topic, `{}` for all of it; the parameters of a query.
   * @example
   * const end = client.subscribe("MemberChanged", { key: "42" }, { load, change: ({ body }) => show(body) });
   */
  subscribe<Name extends keyof Shape & string>(
    to: Name,
    where: Shape[Name]["where"],
    handlers: LiveHandlers<Shape[Name]["change"]>,
  ): () => void;
  close(): void;
}

interface Subscription extends LiveHandlers<ClientChange> {
  readonly to: string;
  readonly where: object;
  position?: string;
  /** The changes that wait until the state is loaded. */
  held?: ClientChange[] | undefined;
}

/** A message of the server, see `live`. */
interface Message {
  readonly beat?: number;
  readonly at?: number;
  readonly on?: number;
  readonly refused?: number;
  readonly position?: string;
  readonly load?: boolean;
  readonly change?: ClientChange;
  readonly error?: string;
  readonly close?: number;
}

const retryMs = { min: 250, max: 15_000 };
/** A connection that lasted so long was none of a broken server, in ms. */
const stableMs = 5_000;
/** The time for the first message, in ms. */
const firstBeatMs = 10_000;

/**
 * Connects a page to `live`, once it subscribes. After a loss it comes back, and goes on where it was.
 *
 * @example
 * const client = connect<typeof push>("/changes"); // `import type { push } from "./server.ts"`
 */
export function connect<L extends { readonly shape?: ClientShape } = { readonly shape?: AnyShape }>(
  url: string,
  { headers, transport, onState, clock = systemClock }: ConnectOptions = {},
): LiveClient<NonNullable<L["shape"]>> {
  const subscriptions = new Map<number, Subscription>();
  const Socket = transport || headers ? undefined : socketClass();
  let state: LiveState = "closed";
  let link: Link | undefined;
  let timer: Timer | undefined;
  let lastId = 0;
  let failures = 0;
  let takesEvents = !Socket;
  let openedAt = 0;
  let beatMs = firstBeatMs;
  let heardAt = 0;

  const enter = (next: LiveState): void => {
    if (next === state) return;
    state = next;
    onState?.(next);
  };
  const after = (ms: number, call: () => void): void => {
    timer?.cancel();
    timer = clock.after(ms, call);
  };
  const begin = (): object[] =>
    [...subscriptions].map(([subscribe, { to, where, position }]) => ({ subscribe, to, where, after: position }));

  const open = (): void => {
    timer?.cancel();
    link?.close();
    link = undefined;
    if (subscriptions.size === 0) return enter("closed");
    if (state !== "open") enter("connecting");
    openedAt = 0;
    beatMs = firstBeatMs;
    heardAt = clock.now();
    const base = (globalThis as { readonly location?: { readonly href: string } }).location?.href;
    const parts = { url: new URL(url, base), begin, onMessage, onEnd: lost };
    link = Socket && !takesEvents ? openSocket(Socket, parts) : openStream(parts, headers);
    listen();
  };
  /** Notices a connection that is lost without a word. */
  const listen = (): void =>
    after(beatMs, () => (clock.now() - heardAt > 2 * beatMs || openedAt === 0 ? lost() : listen()));
  const lost = (): void => {
    link?.close();
    link = undefined;
    if (openedAt && clock.now() - openedAt > stableMs) failures = 0;
    enter("waiting");
    // Where no socket can be opened, events are tried at once.
    const isSwitch = !openedAt && Socket && !takesEvents;
    if (!openedAt && Socket) takesEvents = !takesEvents;
    if (isSwitch) return open();
    const ms = Math.min(retryMs.max, retryMs.min * 2 ** failures++);
    after(ms * (0.5 + Math.random() / 2), open);
  };

  const onMessage = (text: string): void => {
    const { beat, at, on, refused, position, load, change, error, close } = JSON.parse(text) as Message;
    heardAt = clock.now();
    if (close) return lost();
    if (beat) {
      openedAt = heardAt;
      beatMs = beat;
      enter("open");
      listen();
    }
    const id = (at ?? on ?? refused) as number;
    const subscription = subscriptions.get(id);
    if (!subscription) return;
    if (position) subscription.position = position;
    if (load) void loadState(subscription);
    if (change) take(subscription, change);
    if (refused === undefined) return;
    subscriptions.delete(id);
    report(subscription, new Error(error));
  };

  const subscribe: LiveClient["subscribe"] = (to, where, handlers) => {
    const id = ++lastId;
    subscriptions.set(id, { to, where, ...handlers });
    if (link?.send && openedAt) link.send({ subscribe: id, to, where });
    // Several subscriptions of a moment go out together.
    else after(0, open);
    return () => {
      if (!subscriptions.delete(id)) return;
      if (subscriptions.size > 0 && link?.send && openedAt) link.send({ unsubscribe: id });
      else after(0, open);
    };
  };

  const loadState = async (subscription: Subscription): Promise<void> => {
    // A later load takes the place of this one.
    const held: ClientChange[] = (subscription.held = []);
    for (let ms = retryMs.min; ; ms = Math.min(retryMs.max, ms * 2)) {
      try {
        await subscription.load?.();
        break;
      } catch (error) {
        report(subscription, error);
        await sleep(clock, ms);
        if (subscription.held !== held) return;
      }
    }
    if (subscription.held !== held) return;
    subscription.held = undefined;
    for (const change of held) take(subscription, change);
  };

  return {
    get state() {
      return state;
    },
    subscribe,
    close: () => {
      subscriptions.clear();
      open();
    },
  };
}

function take(subscription: Subscription, change: ClientChange): void {
  if (subscription.held) return void subscription.held.push(change);
  try {
    subscription.change(change);
  } catch (error) {
    report(subscription, error);
  }
}

// oxlint-disable-next-line no-console -- where a browser tells of errors that nobody handles
function report({ error: tell = console.error }: Subscription, error: unknown): void {
  tell(error);
}
