import type { ForkRow } from "../src/web/dashboard/wire.ts";
import { count, Panel, QueueLink } from "./parts.tsx";

/** Topics that later versions replace: who still reads them. Shows nothing without one. */
export function Forks({ rows }: { readonly rows: readonly ForkRow[] }) {
  if (rows.length === 0) return null;
  return (
    <Panel title="Replaced topics" aside={<span class="aside">events in the last hour</span>}>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Topic</th>
              <th scope="col">Replaced by</th>
              <th scope="col">Still read by</th>
              <th scope="col" class="wide">
                Published by
              </th>
              <th scope="col" class="number">
                Events
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ topic, later, readers, bridges, publishers, events }) => (
              <tr key={topic}>
                <th scope="row">{topic}</th>
                <td>
                  {later.join(", ")}
                  {bridges.length > 0 && <span class="dim">; bridged by {bridges.join(", ")}</span>}
                </td>
                <td>
                  {readers.length === 0 && <span class="well">nobody</span>}
                  {readers.map(({ queue, actor }) => (
                    <div key={queue}>
                      <QueueLink name={queue} /> <span class="dim">{actor}</span>
                    </div>
                  ))}
                </td>
                <td class="wide">{publishers.length === 0 ? "nobody" : publishers.join(", ")}</td>
                <td class="number">{events === undefined ? "–" : count(events)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
