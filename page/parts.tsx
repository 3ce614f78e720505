/** Small parts that several screens use. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Progress, ShownEvent, Trouble } from "../src/web/dashboard/wire.ts";
import { get, messageOf, progressOf, useLive } from "./connection.ts";

const numbers = new Intl.NumberFormat("en-US");

export function count(value: number): string {
  return numbers.format(value);
}

/** Writes a rate: one decimal below ten. */
export function rate(value: number): string {
  return value === 0 ? "0" : value < 10 ? value.toFixed(1).replace(/\.0$/, "") : count(Math.round(value));
}

/** Writes a length of time with one unit or two. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const s = ms / 1_000;
  if (s < 60) return `${s < 10 ? s.toFixed(1).replace(/\.0$/, "") : Math.round(s)} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3_600)} h`;
}

/** A time as people say it, with the exact one in its tooltip. */
export function Ago({ time }: { readonly time: number }) {
  const { look } = useLive();
  const passed = (look?.at ?? Date.now()) - time;
  const text = passed < -1_000 ? `in ${duration(-passed)}` : passed < 2_000 ? "just now" : `${duration(passed)} ago`;
  return (
    <time dateTime={new Date(time).toISOString()} title={new Date(time).toLocaleString()}>
      {text}
    </time>
  );
}

export function Troubles({ of }: { readonly of: readonly Trouble[] }) {
  if (of.length === 0) return null;
  return (
    <ul class="troubles">
      {of.map(({ level, text }) => (
        <li key={text} class={level}>
          <span aria-hidden="true">{level === "bad" ? "!" : "△"}</span> {text}
        </li>
      ))}
    </ul>
  );
}

export function Problem({ text }: { readonly text: string | undefined }) {
  return text === undefined ? null : (
    <p class="problem" role="alert">
      {text}
    </p>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** A heading with a panel below. */
export function Panel({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="panel">
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export function QueueLink({ name }: { readonly name: string }) {
  return <a href={`#/queue/${encodeURIComponent(name)}`}>{name}</a>;
}

export function TraceLink({ id, children }: { readonly id: string; readonly children?: ComponentChildren }) {
  return (
    <a class="id" href={`#/trace/${encodeURIComponent(id)}`} title={`Trace ${id}`}>
      {children ?? id}
    </a>
  );
}

type Kind = "plain" | "primary" | "danger";

/** A button that acts, or opens a dialog that asks first. Shows why it failed. Hidden from those who may only look. */
export function Act({
  children,
  title,
  ask,
  run,
  kind = "plain",
  disabled = false,
}: {
  readonly children: ComponentChildren;
  /** The title of the dialog. */
  readonly title?: string;
  /** The content of the dialog: a question, or fields. Without it, the button acts at once. */
  readonly ask?: ComponentChildren;
  /** @param fields The fields of the dialog. */
  readonly run: (fields: FormData) => Promise<unknown>;
  readonly kind?: Kind;
  readonly disabled?: boolean;
}) {
  const { me } = useLive();
  const [state, setState] = useState<{ busy: boolean; error?: string }>({ busy: false });
  const [isAsking, setIsAsking] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => (isAsking ? dialog.current?.showModal() : undefined), [isAsking]);
  if (me?.canAct !== true) return null;
  const start = async (fields: FormData): Promise<void> => {
    setState({ busy: true });
    try {
      await run(fields);
      setState({ busy: false });
      setIsAsking(false);
    } catch (error) {
      setState({ busy: false, error: messageOf(error) });
    }
  };
  return (
    <>
      <button
        type="button"
        class={kind}
        disabled={disabled || state.busy}
        onClick={() => (ask === undefined ? void start(new FormData()) : setIsAsking(true))}
      >
        {children}
      </button>
      {!isAsking && <Problem text={state.error} />}
      {isAsking && (
        <dialog ref={dialog} aria-label={title} onClose={() => setIsAsking(false)}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void start(new FormData(event.currentTarget));
            }}
          >
            <h2>{title}</h2>
            {ask}
            <Problem text={state.error} />
            <footer>
              <button type="button" onClick={() => dialog.current?.close()}>
                Cancel
              </button>
              <button class={kind === "plain" ? "primary" : kind} disabled={state.busy}>
                {children}
              </button>
            </footer>
          </form>
        </dialog>
      )}
    </>
  );
}

/** Runs an action in steps, and returns its progress so far. */
export function useProgress(): readonly [
  progress: Progress | undefined,
  run: (name: string, given: object) => Promise<void>,
  stop: () => void,
] {
  const [progress, setProgress] = useState<Progress>();
  const stopping = useRef<AbortController>(undefined);
  useEffect(() => () => stopping.current?.abort(), []);
  const run = async (name: string, given: object): Promise<void> => {
    const { signal } = (stopping.current = new AbortController());
    setProgress({ sent: 0, total: 0 });
    try {
      for await (const one of progressOf<Progress>(name, given, signal)) setProgress(one);
    } catch (error) {
      setProgress((last) => ({
        sent: last?.sent ?? 0,
        total: last?.total ?? 0,
        end: signal.aborted ? "interrupted" : "failed",
        detail: signal.aborted ? undefined : messageOf(error),
      }));
    }
  };
  return [progress, run, () => stopping.current?.abort()];
}

const ends = {
  done: "Done: all were requeued, and none came back.",
  interrupted: "Stopped.",
  "dead again": "Stopped: these died again:",
  unsettled: "Stopped: the last step is not settled yet.",
  failed: "It failed:",
};

export function ProgressBar({ of }: { readonly of: Progress }) {
  const { sent, total, end, detail = "" } = of;
  return (
    <div class="progress" role="status">
      {total > 0 && <progress value={sent} max={total} aria-label="Requeued" />}
      <span>
        {total > 0 && `${count(sent)} of ${count(total)} requeued. `}
        {end === undefined ? "Waiting for what becomes of them…" : `${ends[end]} ${detail}`}
      </span>
    </div>
  );
}

/** The facts of an event, and its body. */
export function EventFacts({ event }: { readonly event: ShownEvent }) {
  const properties = Object.entries(event.properties);
  const facts: [string, ComponentChildren][] = [
    ["Event", <TraceLink id={event.id} />],
    ["Type", event.type],
    ["Happened", <Ago time={event.time} />],
    ["Key", event.key],
    ["Correlation", event.correlationId && <TraceLink id={event.correlationId} />],
    ["Caused by", event.causationId && <TraceLink id={event.causationId} />],
    ["Properties", properties.length > 0 && properties.map(([name, value]) => `${name}: ${String(value)}`).join(", ")],
  ];
  return (
    <>
      <Facts of={facts} />
      <Body event={event} />
    </>
  );
}

export function Facts({ of }: { readonly of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== undefined && value !== "" && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Body({ event: { body, contentType, cutAt } }: { readonly event: ShownEvent }) {
  if (body === undefined) return <Empty>Bodies are hidden from you.</Empty>;
  return (
    <figure class="body">
      <figcaption>
        Body, {contentType}
        {cutAt !== undefined && `, the first part of ${count(cutAt)} characters`}
      </figcaption>
      <pre tabIndex={0}>{body}</pre>
    </figure>
  );
}

/** A button that fetches the body of an event when it is pressed. */
export function BodyOnDemand(place: {
  readonly id: string;
  readonly destination: string;
  readonly queue?: string | undefined;
  readonly time: number;
}) {
  const [shown, setShown] = useState<ShownEvent>();
  const [error, setError] = useState<string>();
  const toggle = (): void => {
    if (shown || error !== undefined) {
      setShown(undefined);
      setError(undefined);
      return;
    }
    get<ShownEvent>("event", { ...place }).then(setShown, (failure: unknown) => setError(messageOf(failure)));
  };
  return (
    <>
      <button type="button" class="quiet" aria-expanded={shown !== undefined} onClick={toggle}>
        {shown || error !== undefined ? "hide" : "body"}
      </button>
      <Problem text={error} />
      {shown && <EventFacts event={shown} />}
    </>
  );
}
