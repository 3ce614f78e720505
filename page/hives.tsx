import type { HiveRow } from "../src/web/dashboard/wire.ts";
import { useLive } from "./connection.ts";
import { Acts, Pause, PauseButtons } from "./controls.tsx";
import { Ago, count, Empty, Facts, Panel, QueueLink } from "./parts.tsx";

/** The processes at work, and what operators did. */
export function Hives() {
  const { look } = useLive();
  if (!look) return <Empty>Looking at the provider…</Empty>;
  const { hives, pause, queues } = look;
  const unread = queues.filter(({ trouble }) => trouble.some(({ text }) => text === "no process reads it"));
  return (
    <>
      <h1>Hives</h1>
      {pause && <Pause of={pause} />}
      <div class="actions">
        <PauseButtons target={{}} pauses={pause ? [pause] : []} />
      </div>
      <Panel title={hives.length === 1 ? "1 process at work" : `${count(hives.length)} processes at work`}>
        {hives.length === 0 && (
          <Empty>No process sends heartbeats. Functions of a cloud send none, nor do hives with controls: false.</Empty>
        )}
        <ul class="hives">
          {hives.map((hive) => (
            <Hive key={hive.id} of={hive} />
          ))}
        </ul>
        {unread.length > 0 && (
          <p>
            No process reads{" "}
            {unread.map(({ name }, index) => (
              <>
                {index > 0 && ", "}
                <QueueLink name={name} />
              </>
            ))}
            .
          </p>
        )}
      </Panel>
      <Acts fresh={look.at} />
    </>
  );
}

function Hive({
  of: { host, pid, version, stage, started, beat, inFlight, lastCommit, subscriptions, pulsers, sources },
}: {
  readonly of: HiveRow;
}) {
  return (
    <li>
      <h3>
        {host} <span class="dim">process {pid}</span>
      </h3>
      <Facts
        of={[
          ["Version", version],
          ["Stage", stage],
          ["Started", <Ago time={started} />],
          ["Heartbeat", <Ago time={beat} />],
          ["In work", count(inFlight)],
          ["Last commit", lastCommit !== undefined && <Ago time={lastCommit} />],
          ["Pulsers", pulsers.join(", ")],
          ["Sources", sources.join(", ")],
        ]}
      />
      <details>
        <summary>
          {subscriptions.length === 1 ? "1 subscription" : `${count(subscriptions.length)} subscriptions`}
        </summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col">Actor</th>
              <th scope="col" class="number">
                In work
              </th>
              <th scope="col" class="number">
                At most
              </th>
            </tr>
          </thead>
          <tbody>
            {subscriptions.map((one) => (
              <tr key={one.queue}>
                <th scope="row">
                  <QueueLink name={one.queue} /> {one.isPaused && <span class="bad">! paused here</span>}
                  {one.isLate && <span class="bad">! late here</span>}
                </th>
                <td>{one.actor}</td>
                <td class="number">{count(one.inFlight)}</td>
                <td class="number">
                  {count(one.parallelism)}
                  {one.elastic && (
                    <span class="dim">
                      {" "}
                      of {count(one.elastic.min)} to {count(one.elastic.max)}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </li>
  );
}
