/** The connection to the server: requests, and the looks that it pushes. */
import { useEffect, useState } from "preact/hooks";
import type { Look, Me } from "../src/web/dashboard/wire.ts";

/** The folder of the script; all that the page asks for is beside it. */
const folder = new URL(".", import.meta.url);
const retryMs = 3_000;
/** A redirect leads to a login, whose page is no answer. */
const ownAnswers = { redirect: "manual" } as const;

/** The state of the page that all screens share. */
export interface Live {
  readonly me: Me | undefined;
  readonly look: Look | undefined;
  readonly state: "connecting" | "live" | "lost" | "refused";
}

let live: Live = { me: undefined, look: undefined, state: "connecting" };
const listeners = new Set<() => void>();

/** A request that was refused or failed, in words. */
class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function change(part: Partial<Live>): void {
  live = { ...live, ...part };
  for (const listener of listeners) listener();
}

/** Returns the shared state, and renders again when it changes. */
export function useLive(): Live {
  const [, render] = useState(0);
  useEffect(() => {
    const listener = (): void => render((count) => count + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return live;
}

/** Connects, and connects again whenever the connection is lost. */
export async function connect(): Promise<void> {
  try {
    change({ me: await get<Me>("me") });
    follow();
  } catch (error) {
    const refused = error instanceof Refused && (error.status === 401 || error.status === 403);
    change({ state: refused ? "refused" : "lost" });
    setTimeout(() => void connect(), retryMs);
  }
}

function follow(): void {
  const source = new EventSource(new URL("live", folder));
  source.addEventListener("version", ({ data }) => {
    if (data !== live.me?.version) location.reload();
  });
  source.addEventListener("message", ({ data }) => change({ look: JSON.parse(data as string) as Look, state: "live" }));
  source.addEventListener("error", () => {
    // The stream ends now and then, so that the page is authorized anew: that is no loss.
    source.close();
    void connect();
  });
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** Returns the address of a resource of the server. */
export function addressOf(path: string, query: Query = {}): string {
  const url = new URL(path, folder);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, `${value}`);
  return url.href;
}

/** Asks the server. @throws Refused. */
export async function get<T>(path: string, query: Query = {}): Promise<T> {
  const request = { ...ownAnswers, headers: { accept: "application/json" } };
  return (await (await checked(fetch(addressOf(path, query), request))).json()) as T;
}

/** Does an action. @throws Refused. */
export async function act<T>(name: string, given: object): Promise<T> {
  return (await (await post(name, given)).json()) as T;
}

/** Does an action, and yields its progress: one line of JSON each time. @throws Refused. */
export async function* progressOf<T>(name: string, given: object, signal: AbortSignal): AsyncGenerator<T, void> {
  const { body } = await post(name, given, signal);
  if (!body) return;
  let text = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = `${text}${part.value}`.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as T;
  }
}

function post(name: string, given: object, signal?: AbortSignal): Promise<Response> {
  const headers = { "content-type": "application/json", "x-beehive-dashboard": "1" };
  const request = { ...ownAnswers, method: "POST", headers, body: JSON.stringify(given), ...(signal && { signal }) };
  return checked(fetch(new URL(`do/${name}`, folder), request));
}

async function checked(asked: Promise<Response>): Promise<Response> {
  const response = await asked;
  if (response.ok) return response;
  if (response.type === "opaqueredirect")
    throw new Refused(401, "You are not signed in any more. Load the page again.");
  const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
  throw new Refused(response.status, error ?? `The server responded with ${response.status}.`);
}

/** A request to the server: no answer yet, the result, or the error. */
export interface Fetched<T> {
  readonly data: T | undefined;
  readonly error: string | undefined;
  readonly again: () => void;
}

/** Asks when the query changes, and again when `fresh` does; the last result stays meanwhile. */
export function useFetched<T>(path: string, query: Query = {}, fresh?: unknown): Fetched<T> {
  const [result, setResult] = useState<{ data?: T; error?: string; of: string }>({ of: "" });
  const [count, setCount] = useState(0);
  const of = `${path} ${JSON.stringify(query)}`;
  useEffect(() => {
    let isOver = false;
    get<T>(path, query).then(
      (data) => !isOver && setResult({ data, of }),
      (error: unknown) => !isOver && setResult({ error: messageOf(error), of }),
    );
    return () => {
      isOver = true;
    };
  }, [of, fresh, count]);
  const known = result.of === of ? result : undefined;
  return { data: known?.data, error: known?.error, again: () => setCount((before) => before + 1) };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
