import { useState } from "preact/hooks";
import type { Letter, LetterGroup } from "../src/web/dashboard/wire.ts";
import { act, addressOf, useFetched, useLive } from "./connection.ts";
import {
  Act,
  Ago,
  count,
  Empty,
  EventFacts,
  Facts,
  Panel,
  Problem,
  ProgressBar,
  QueueLink,
  useProgress,
} from "./parts.tsx";

/** Dead letters by their cause, of one queue or of all. */
export function Letters({ of: queue }: { readonly of: string }) {
  const { look } = useLive();
  const dead = look?.queues.reduce((sum, row) => sum + (queue === "" || row.name === queue ? row.dead : 0), 0);
  const { data, error, again } = useFetched<readonly LetterGroup[]>(
    "letters",
    { queue: queue === "" ? undefined : queue },
    dead,
  );
  return (
    <>
      <h1>Dead letters{queue !== "" && ` of ${queue}`}</h1>
      {queue !== "" && (
        <p>
          <a href="#/letters">Those of all queues</a>
        </p>
      )}
      <Problem text={error} />
      {data?.length === 0 && <Empty>There are none. Nothing was given up.</Empty>}
      {data?.map((group) => (
        <Group key={`${group.queue} ${group.id}`} group={group} changed={again} />
      ))}
    </>
  );
}

function Group({ group, changed }: { readonly group: LetterGroup; readonly changed: () => void }) {
  const { queue, id, actor, errorName, message, types } = group;
  const [progress, run, stop] = useProgress();
  const { me } = useLive();
  const [shown, setShown] = useState<string>();
  const requeue = (limit?: number): Promise<void> => run("requeue", { queue, group: id, limit }).finally(changed);
  const isBusy = progress !== undefined && progress.end === undefined;
  return (
    <Panel
      title={`${errorName}${message === "" ? "" : `: ${message}`}`}
      aside={<span class="badge">{count(group.count)}</span>}
    >
      <Facts
        of={[
          ["Actor", actor],
          ["Queue", <QueueLink name={queue} />],
          ["Events", types.join(", ")],
          ["First", <Ago time={group.firstSeen} />],
          ["Last", <Ago time={group.lastSeen} />],
        ]}
      />
      <div class="actions">
        <Act kind="primary" disabled={isBusy} run={() => requeue(1)}>
          Requeue 1
        </Act>
        {group.count > 1 && (
          <Act disabled={isBusy} run={() => requeue(10)}>
            Requeue 10
          </Act>
        )}
        {group.count > 1 && (
          <Act disabled={isBusy} run={() => requeue()}>
            Requeue all, in steps
          </Act>
        )}
        {isBusy && (
          <button type="button" onClick={stop}>
            Stop
          </button>
        )}
        <Act
          kind="danger"
          disabled={isBusy}
          title="Drop for good?"
          ask={<p>{`${count(group.count)} dead letters of ${queue} will be gone, with their events.`}</p>}
          run={() => act("drop", { queue, group: id }).finally(changed)}
        >
          Drop all
        </Act>
        {me?.seesBodies === true && (
          <a href={addressOf("export", { queue, group: id })} download>
            Export
          </a>
        )}
      </div>
      {progress && <ProgressBar of={progress} />}
      <ul class="letters" aria-label="Letters">
        {group.letters.map((letter) => (
          <li key={letter}>
            <button
              type="button"
              class="quiet id"
              aria-expanded={shown === letter}
              onClick={() => setShown(shown === letter ? undefined : letter)}
            >
              {letter}
            </button>
          </li>
        ))}
        {group.letters.length < group.count && (
          <li class="dim">and {count(group.count - group.letters.length)} more</li>
        )}
      </ul>
      {shown !== undefined && <OneLetter queue={queue} id={shown} changed={changed} />}
    </Panel>
  );
}

function OneLetter({
  queue,
  id,
  changed,
}: {
  readonly queue: string;
  readonly id: string;
  readonly changed: () => void;
}) {
  const { data: letter, error } = useFetched<Letter>("letter", { queue, id });
  if (!letter) return <Problem text={error} />;
  return (
    <div class="letter">
      <Facts
        of={[
          ["Reason", letter.reason],
          ["Error", `${letter.errorName}: ${letter.errorMessage}`],
          ["Attempts", `${letter.attempts}`],
          ["Tried", <Ago time={letter.lastSeen} />],
        ]}
      />
      {letter.stack !== undefined && (
        <details>
          <summary>Stack</summary>
          <pre tabIndex={0}>{letter.stack}</pre>
        </details>
      )}
      <EventFacts event={letter.event} />
      <div class="actions">
        <Mend letter={letter} changed={changed} />
        <Act
          kind="danger"
          title="Drop for good?"
          ask={<p>This dead letter will be gone, with its event.</p>}
          run={() => act("drop", { queue, id }).finally(changed)}
        >
          Drop this one
        </Act>
      </div>
    </div>
  );
}

/** Changes the event of a letter, and sends it back to the one subscription. */
function Mend({ letter: { id, queue, event }, changed }: { readonly letter: Letter; readonly changed: () => void }) {
  const shown = JSON.stringify(event.properties, null, 2);
  const canEditBody = event.body !== undefined && event.cutAt === undefined;
  return (
    <Act
      title="Edit and requeue"
      ask={
        <>
          <p>It goes back to {queue} alone, under its id.</p>
          {canEditBody && (
            <label class="field">
              Body, {event.contentType}
              <textarea name="body" rows={8} spellcheck={false} defaultValue={event.body} />
            </label>
          )}
          <label class="field">
            Type <input name="type" defaultValue={event.type} />
          </label>
          <label class="field">
            Properties, as JSON
            <textarea name="properties" rows={3} spellcheck={false} defaultValue={shown} />
          </label>
        </>
      }
      run={(fields) => {
        const [body, type] = [fields.get("body"), fields.get("type")];
        return act("mend", {
          queue,
          id,
          ...(body !== null && body !== event.body && { body }),
          ...(type !== event.type && { type }),
          ...(fields.get("properties") !== shown && {
            properties: changesOf(event.properties, JSON.parse(fields.get("properties") as string) as Properties),
          }),
        }).finally(changed);
      }}
    >
      Edit and requeue
    </Act>
  );
}

type Properties = Readonly<Record<string, unknown>>;

/** Returns the properties that differ, and `null` for those that are gone: masked ones must not be written back. */
function changesOf(before: Properties, after: Properties): Properties {
  const changes = Object.entries(after).filter(([name, value]) => value !== before[name]);
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  return Object.fromEntries([...changes, ...gone.map((name): [string, null] => [name, null])]);
}
