import type { Trace, TracedAttempt, TracedBranch, TracedEvent } from "../src/journal/trace/trace.ts";
import { useFetched, useLive } from "./connection.ts";
import { Ago, BodyOnDemand, duration, Empty, Panel, Problem, QueueLink, TraceLink } from "./parts.tsx";

/** Everything that followed from an event, a process or an entity. */
export function TraceScreen({ of: id }: { readonly of: string }) {
  if (id === "")
    return (
      <>
        <h1>Trace</h1>
        <SearchForm />
        <Empty>An event id, a correlation id, a partition key, or the business id of your application.</Empty>
      </>
    );
  return (
    <>
      <h1>
        Trace <span class="id">{id}</span>
      </h1>
      <Found id={id} />
    </>
  );
}

function SearchForm() {
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        const id = `${new FormData(event.currentTarget).get("id") as string}`.trim();
        if (id !== "") location.hash = `#/trace/${encodeURIComponent(id)}`;
      }}
    >
      <label>
        Id <input name="id" autocomplete="off" />
      </label>
      <button class="primary">Trace</button>
    </form>
  );
}

function Found({ id }: { readonly id: string }) {
  const { look } = useLive();
  const { data: trace, error } = useFetched<Trace>("trace", { id }, look && Math.floor(look.at / 10_000));
  if (!trace) return error === undefined ? <Empty>Reading the journal…</Empty> : <Problem text={error} />;
  if (trace.roots.length === 0)
    return (
      <Empty>
        No event, correlation id or business id is called “{id}”.
        {trace.since === undefined
          ? " The journal is empty."
          : ` The journal goes back to ${new Date(trace.since).toLocaleString()}.`}
      </Empty>
    );
  const steps = trace.roots.flatMap(stepsOf);
  return (
    <>
      <Panel title="What followed from what">
        <ul class="tree">
          {trace.roots.map((root) => (
            <Node key={root.id} event={root} />
          ))}
        </ul>
      </Panel>
      {steps.length > 0 && (
        <Panel title="When">
          <Timeline steps={steps} />
        </Panel>
      )}
    </>
  );
}

function Node({ event }: { readonly event: TracedEvent }) {
  const { id, eventType, destination, time, cut, branches } = event;
  return (
    <li>
      <div class="node">
        <b>{eventType}</b> <TraceLink id={id} /> <Ago time={time} />
        {cut === "shown" && <span class="dim">see above</span>}
        {cut === "other" && <span class="dim">of {event.subject}</span>}
        {cut === undefined && (
          <BodyOnDemand id={id} destination={destination} queue={branches[0]?.queueName} time={time} />
        )}
      </div>
      {branches.length > 0 && (
        <ul>
          {branches.map((branch) => (
            <Branch key={branch.queueName} branch={branch} />
          ))}
        </ul>
      )}
    </li>
  );
}

const signs: Readonly<Record<TracedBranch["state"], readonly [sign: string, words: string, level: string]>> = {
  done: ["✓", "done", "well"],
  waiting: ["…", "waiting", ""],
  delayed: ["◷", "delayed", ""],
  working: ["▸", "in work", ""],
  "dead-lettered": ["!", "dead letter", "bad"],
  "requeued-or-dropped": ["↻", "requeued or dropped", ""],
  expired: ["×", "expired", ""],
  absent: ["∅", "not in its queue: cancelled or purged", ""],
  unread: ["–", "read by nobody", ""],
  unknown: ["?", "unknown", ""],
};

function Branch({ branch }: { readonly branch: TracedBranch }) {
  const { queueName, state, attempts, dueAt, behind, paused } = branch;
  const [sign, words, level] = signs[state];
  const [only] = attempts;
  // A single attempt that went well needs no line of its own.
  const isPlain = attempts.length === 1 && only?.outcome === "committed";
  return (
    <li>
      <div class="node">
        <span class={`sign ${level}`} aria-hidden="true">
          {sign}
        </span>
        <QueueLink name={queueName} /> <span class={level}>{words}</span>
        {isPlain && <span class="dim">in {duration(only.durationMs)}</span>}
        {dueAt !== undefined && (
          <span class="dim">
            due <Ago time={dueAt} />
          </span>
        )}
        {behind !== undefined && (
          <span class="dim">
            behind <TraceLink id={behind} />
          </span>
        )}
        {paused && (
          <span class="dim">
            paused by {paused.by}
            {paused.until !== undefined && (
              <>
                , ends <Ago time={paused.until} />
              </>
            )}
          </span>
        )}
      </div>
      {isPlain ? (
        <Outputs of={only.outputs} />
      ) : (
        <ul>
          {attempts.map((attempt) => (
            <Attempt key={`${attempt.attempt} ${attempt.time}`} attempt={attempt} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Attempt({
  attempt: { actor, attempt, outcome, durationMs, error, outputs },
}: {
  readonly attempt: TracedAttempt;
}) {
  return (
    <li>
      <div class="node attempt">
        {actor}
        {attempt > 1 && `, attempt ${attempt}`} → {outcome} <span class="dim">in {duration(durationMs)}</span>
        {error && (
          <span class="bad">
            {error.name}
            {error.message !== "" && `: ${error.message}`}
          </span>
        )}
      </div>
      <Outputs of={outputs} />
    </li>
  );
}

function Outputs({ of }: { readonly of: readonly TracedEvent[] }) {
  if (of.length === 0) return null;
  return (
    <ul>
      {of.map((output) => (
        <Node key={output.id} event={output} />
      ))}
    </ul>
  );
}

interface Step extends TracedAttempt {
  readonly of: string;
}

function stepsOf(event: TracedEvent): readonly Step[] {
  return event.branches.flatMap(({ attempts }) =>
    attempts.flatMap((attempt) => [{ ...attempt, of: event.eventType }, ...attempt.outputs.flatMap(stepsOf)]),
  );
}

/** The attempts as bars on one axis of time. */
function Timeline({ steps }: { readonly steps: readonly Step[] }) {
  const sorted = steps.toSorted((one, other) => one.time - one.durationMs - (other.time - other.durationMs));
  const start = Math.min(...sorted.map(({ time, durationMs }) => time - durationMs));
  const end = Math.max(start + 1, ...sorted.map(({ time }) => time));
  const share = (time: number): string => `${(100 * (time - start)) / (end - start)}%`;
  return (
    <ol class="timeline">
      {sorted.map(({ actor, attempt, outcome, time, durationMs, of }) => (
        <li key={`${actor} ${of} ${attempt} ${time}`}>
          <span class="who">{actor}</span>
          <span class="lane">
            <span
              class={`bar ${outcome === "committed" ? "well" : "bad"}`}
              style={{ left: share(time - durationMs), width: share(start + durationMs) }}
            />
          </span>
          <span class="dim">
            {outcome === "committed" ? "✓" : "!"} after {duration(time - start)}
          </span>
        </li>
      ))}
    </ol>
  );
}
