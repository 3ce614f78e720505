import { useState } from "preact/hooks";
import type { PeekedRow, QueueDetail, QueueRow } from "../src/web/dashboard/wire.ts";
import { act, useFetched, useLive } from "./connection.ts";
import { Acts, ChangeSettings, Pause, PauseButtons } from "./controls.tsx";
import { LastHour } from "./overview.tsx";
import {
  Act,
  Ago,
  count,
  duration,
  Empty,
  EventFacts,
  Facts,
  Panel,
  Problem,
  rate,
  TraceLink,
  Troubles,
} from "./parts.tsx";

/** A queue: its states, its last hour, its settings and their origins. */
export function Queue({ of: name }: { readonly of: string }) {
  const { look } = useLive();
  const { data, error } = useFetched<QueueDetail>("queue", { name }, look?.at);
  const row = look?.queues.find((one) => one.name === name);
  if (error !== undefined) return <Problem text={error} />;
  if (!look || !data) return <Empty>Looking at {name}…</Empty>;
  return (
    <>
      <h1>{name}</h1>
      {row ? <Troubles of={row.trouble} /> : <Problem text="The provider has no such queue." />}
      {row?.pauses.map((pause) => (
        <Pause key={`${pause.hive} ${pause.since}`} of={pause} />
      ))}
      <div class="actions">
        {row && <PauseButtons target={{ queue: name }} pauses={row.pauses} />}
        {row && data.noPurge === undefined && row.ready + row.delayed > 0 && (
          <Act
            kind="danger"
            title={`Purge ${name}?`}
            ask={
              <p>
                {count(row.ready)} ready and {count(row.delayed)} delayed events will be gone. Those in work and dead
                letters stay.
              </p>
            }
            run={() => act("purge", { queue: name })}
          >
            Purge
          </Act>
        )}
        {row && row.dead > 0 && <a href={`#/letters/${encodeURIComponent(name)}`}>See its dead letters by cause</a>}
      </div>
      {row && <States row={row} detail={data} />}
      <LastHour look={{ series: data.series, hasJournal: look.hasJournal }} />
      {data.holders.length > 0 && (
        <Panel title="Keys that wait">
          <table>
            <thead>
              <tr>
                <th scope="col">Held back by</th>
                <th scope="col" class="number">
                  Events behind
                </th>
                <th scope="col" class="number">
                  Attempts
                </th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {data.holders.map((holder) => (
                <tr key={holder.eventId}>
                  <th scope="row">
                    <TraceLink id={holder.eventId} />
                  </th>
                  <td class="number">{count(holder.behind)}</td>
                  <td class="number">{count(holder.attempts)}</td>
                  <td>{holder.state}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      )}
      <Waiting of={data} fresh={look.at} />
      <Settings of={data} actor={row?.actor} />
      <Acts on={name} fresh={look.at} />
    </>
  );
}

function States({ row, detail }: { readonly row: QueueRow; readonly detail: QueueDetail }) {
  const figures: readonly (readonly [string, string])[] = [
    ["ready", count(row.ready)],
    ["in work", count(row.leased)],
    ["delayed", count(row.delayed)],
    ["dead letters", count(row.dead)],
    ["attempts/min", rate(row.perMinute)],
    ["an attempt takes", row.tookMs === undefined ? "–" : duration(row.tookMs)],
    ["oldest waits", row.oldestMs === undefined ? "–" : duration(row.oldestMs)],
  ];
  return (
    <>
      <dl class="sums">
        {figures.map(([name, value]) => (
          <div key={name} class={name === "dead letters" && row.dead > 0 ? "bad" : ""}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {detail.behind && detail.behind.count > 0 && (
        <p>
          {count(detail.behind.count)} kept events are not settled here yet
          {detail.behind.oldest !== undefined && (
            <>
              , the oldest published <Ago time={detail.behind.oldest} />
            </>
          )}
          .
        </p>
      )}
    </>
  );
}

/** The next events of the queue, without leasing them. */
function Waiting({ of: { name, noPeek }, fresh }: { readonly of: QueueDetail; readonly fresh: unknown }) {
  const [isShown, setIsShown] = useState(false);
  return (
    <Panel
      title="Events that wait"
      aside={
        noPeek === undefined && (
          <button type="button" aria-expanded={isShown} onClick={() => setIsShown(!isShown)}>
            {isShown ? "Hide" : "Peek"}
          </button>
        )
      }
    >
      {noPeek !== undefined && <Empty>They cannot be shown here: {noPeek}</Empty>}
      {isShown && <Peeked name={name} fresh={fresh} />}
    </Panel>
  );
}

function Peeked({ name, fresh }: { readonly name: string; readonly fresh: unknown }) {
  const { data, error, again } = useFetched<readonly PeekedRow[]>("peek", { name }, fresh);
  const [shown, setShown] = useState<string>();
  if (!data) return <Problem text={error} />;
  if (data.length === 0) return <Empty>None waits.</Empty>;
  return (
    <ol class="kept">
      {data.map((event) => (
        <li key={event.id}>
          <span>{event.state}</span>
          <span>{event.dueAt === undefined ? <Ago time={event.time} /> : <Ago time={event.dueAt} />}</span>
          <b>{event.type}</b>
          <span class="actions">
            <TraceLink id={event.id} />
            {event.attempts > 0 && <span class="dim">attempt {event.attempts}</span>}
            {event.heldBy !== undefined && (
              <span class="dim">
                behind <TraceLink id={event.heldBy} />
              </span>
            )}
            <button
              type="button"
              class="quiet"
              aria-expanded={shown === event.id}
              onClick={() => setShown(shown === event.id ? undefined : event.id)}
            >
              body
            </button>
            {event.state !== "leased" && (
              <Act
                title="Cancel this event?"
                ask={<p>No subscription that still waits for {event.id} will get it.</p>}
                run={() => act("cancel", { id: event.id }).finally(again)}
              >
                Cancel event
              </Act>
            )}
          </span>
          {shown === event.id && <EventFacts event={event} />}
        </li>
      ))}
    </ol>
  );
}

function Settings({
  of: { name, settings, publishes },
  actor,
}: {
  readonly of: QueueDetail;
  readonly actor: string | undefined;
}) {
  return (
    <Panel title="Settings" aside={<ChangeSettings queue={name} settings={settings} />}>
      <Facts
        of={[
          ["Actor", actor],
          ["Publishes", publishes.join(", ")],
        ]}
      />
      {settings.length === 0 ? (
        <Empty>The settings are known where the actors are: in a hive, or with modules behind beehive dashboard.</Empty>
      ) : (
        <table class="settings">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">In effect</th>
              <th scope="col">From</th>
            </tr>
          </thead>
          <tbody>
            {settings.map(({ name, value, origin }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{value}</td>
                <td class="dim">{origin}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
