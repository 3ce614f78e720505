/** The page of the dashboard: the frame around the screens, one of which the hash of the address names. */
import "uplot/dist/uPlot.min.css";
import "./page.css";
import { render, type FunctionComponent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { connect, useLive, type Live } from "./connection.ts";
import { count } from "./parts.tsx";
import { History } from "./history.tsx";
import { Hives } from "./hives.tsx";
import { Letters } from "./letters.tsx";
import { Overview } from "./overview.tsx";
import { Queue } from "./queue.tsx";
import { Schedules } from "./schedules.tsx";
import { Send } from "./send.tsx";
import { Sources } from "./sources.tsx";
import { TraceScreen } from "./trace.tsx";

interface ScreenProps {
  /** The object of the screen, such as the name of a queue. */
  readonly of: string;
}

interface Screen {
  readonly title: string;
  readonly show: FunctionComponent<ScreenProps>;
  /** False for a screen that others lead to. */
  readonly inMenu: boolean;
}

const first: Screen = { title: "Overview", show: Overview, inMenu: true };
const screens: Readonly<Record<string, Screen>> = {
  "": first,
  queue: { title: "Queue", show: Queue, inMenu: false },
  letters: { title: "Dead letters", show: Letters, inMenu: true },
  trace: { title: "Trace", show: TraceScreen, inMenu: true },
  history: { title: "History", show: History, inMenu: true },
  hives: { title: "Hives", show: Hives, inMenu: true },
  sources: { title: "Sources", show: Sources, inMenu: true },
  schedules: { title: "Schedules", show: Schedules, inMenu: true },
  send: { title: "Send", show: Send, inMenu: true },
};

function Page() {
  const { me, look } = useLive();
  const [name, of] = useRoute();
  const { title, show: Shown } = screens[name] ?? first;
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${title}${of ? ` ${of}` : ""} · ${me?.title ?? "BeeHive"}`;
  }, [title, of, me?.title]);
  const dead = look?.queues.reduce((sum, queue) => sum + queue.dead, 0) ?? 0;
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          <Cell /> {me?.title ?? "BeeHive"}
        </a>
        {me?.environment !== undefined && <span class="environment">{me.environment}</span>}
        {me?.canAct === false && <span class="environment">read only</span>}
        <Search />
        <State />
      </header>
      <nav aria-label="Screens">
        {Object.entries(screens)
          .filter(([, screen]) => screen.inMenu)
          .map(([path, screen]) => (
            <a key={path} href={`#/${path}`} aria-current={path === name ? "page" : undefined}>
              {screen.title}
              {path === "letters" && dead > 0 && <span class="badge">{count(dead)}</span>}
            </a>
          ))}
      </nav>
      <main ref={main} id="main" tabIndex={-1}>
        <Shown key={`${name}/${of}`} of={of} />
      </main>
      <Foot />
    </>
  );
}

/** Returns the screen and its object, from `#/queue/OrderAccepted-Payment`. */
function useRoute(): readonly [name: string, of: string] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const [name = "", ...of] = hash.replace(/^#\/?/, "").split("/");
  return [Object.hasOwn(screens, name) ? name : "", decoded(of.join("/"))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The search of a trace, on each screen. The key / leads to it. */
function Search() {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const id = input.current?.value.trim() ?? "";
        if (id !== "") location.hash = `#/trace/${encodeURIComponent(id)}`;
      }}
    >
      <input ref={input} type="search" aria-label="Trace an id" placeholder="Trace an id…  /" autocomplete="off" />
    </form>
  );
}

const words: Readonly<Record<Live["state"], string>> = {
  connecting: "connecting",
  live: "live",
  lost: "no connection",
  refused: "not signed in",
};

function State() {
  const { state, look } = useLive();
  const isWell = state === "live" && look?.failure === undefined;
  return (
    <span class={`state ${isWell ? "well" : state === "connecting" ? "" : "bad"}`} role="status">
      {state === "live" && look?.failure !== undefined ? "provider fails" : words[state]}
    </span>
  );
}

/** The foot of the page: its provider, and how often it looks at it, at which cost. */
function Foot() {
  const { me, look } = useLive();
  if (!look) return null;
  const every = `${look.everyMs / 1_000} s`;
  return (
    <footer class="foot">
      <span>
        {look.provider}: a look every {every} while somebody watches
        {look.requests === undefined ? "" : `, which costs ${count(look.requests)} requests`}
      </span>
      <span>{me?.user}</span>
    </footer>
  );
}

function Cell() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <path d="M16 2l12 7v14l-12 7-12-7V9z" fill="#f5b82e" stroke="#8a6109" stroke-width="2" />
      <path d="M16 9l6 3.5v7L16 23l-6-3.5v-7z" fill="#8a6109" />
    </svg>
  );
}

const place = document.querySelector("#page");
if (place) render(<Page />, place);
void connect();
