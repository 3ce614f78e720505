import { useState } from "preact/hooks";
import type { KeptPage } from "../src/web/dashboard/wire.ts";
import { useFetched, useLive } from "./connection.ts";
import { Ago, Empty, EventFacts, Panel, Problem, TraceLink } from "./parts.tsx";

interface Topics {
  readonly topics: readonly string[];
  readonly reason: string | undefined;
}

/** The kept events of topics. */
export function History() {
  const { data, error } = useFetched<Topics>("topics");
  const [topic, setTopic] = useState("");
  const [key, setKey] = useState("");
  const chosen = topic || data?.topics[0];
  return (
    <>
      <h1>History</h1>
      <Problem text={error} />
      {data?.topics.length === 0 && (
        <Empty>
          {data.reason ??
            'No topic keeps its events. Name some: createHive({ keep: { OrderAccepted: { for: "30d" } } }).'}
        </Empty>
      )}
      {chosen !== undefined && (
        <>
          <form class="fields" onSubmit={(event) => event.preventDefault()}>
            <label>
              Topic{" "}
              <select value={chosen} onChange={({ currentTarget }) => setTopic(currentTarget.value)}>
                {data?.topics.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <label>
              Key <input value={key} onChange={({ currentTarget }) => setKey(currentTarget.value)} placeholder="all" />
            </label>
          </form>
          <Kept key={`${chosen} ${key}`} topic={chosen} of={key} />
        </>
      )}
    </>
  );
}

function Kept({ topic, of }: { readonly topic: string; readonly of: string }) {
  const { look } = useLive();
  const [before, setBefore] = useState<number>();
  const [shown, setShown] = useState<number>();
  const isNewest = before === undefined;
  const { data, error } = useFetched<KeptPage>(
    "kept",
    { topic, key: of === "" ? undefined : of, before },
    isNewest ? look?.at : undefined,
  );
  if (!data) return <Problem text={error} />;
  const oldest = data.events.at(-1)?.position;
  return (
    <Panel
      title={topic}
      aside={
        <span class="aside">
          positions {data.first} to {data.next - 1}
        </span>
      }
    >
      {data.events.length === 0 && <Empty>There are no events here.</Empty>}
      <ol class="kept">
        {data.events.map((event) => (
          <li key={event.position}>
            <button
              type="button"
              class="quiet"
              aria-expanded={shown === event.position}
              onClick={() => setShown(shown === event.position ? undefined : event.position)}
            >
              {event.position}
            </button>
            <Ago time={event.published} />
            <b>{event.type}</b>
            <span>
              <TraceLink id={event.id} />{" "}
              {event.key !== undefined && <TraceLink id={event.key}>key {event.key}</TraceLink>}
            </span>
            {shown === event.position && <EventFacts event={event} />}
          </li>
        ))}
      </ol>
      <div class="actions">
        {!isNewest && (
          <button type="button" onClick={() => setBefore(undefined)}>
            Newest
          </button>
        )}
        {oldest !== undefined && oldest > data.first && (
          <button type="button" onClick={() => setBefore(oldest)}>
            Older
          </button>
        )}
      </div>
    </Panel>
  );
}
