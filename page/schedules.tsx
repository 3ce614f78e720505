import type { ScheduleRow } from "../src/web/dashboard/wire.ts";
import { useLive } from "./connection.ts";
import { Pause, PauseButtons } from "./controls.tsx";
import { Ago, count, Empty, Facts, Panel } from "./parts.tsx";

/** Each pulser with its last and next firing. */
export function Schedules() {
  const { look } = useLive();
  if (!look) return <Empty>Looking at the provider…</Empty>;
  return (
    <>
      <h1>Schedules</h1>
      {look.schedules.length === 0 && (
        <Empty>No process runs a pulser: events by the clock, as in pulse("Nightly", {"{ cron }"}).</Empty>
      )}
      {look.schedules.map((one) => (
        <Schedule key={one.pulser} of={one} />
      ))}
    </>
  );
}

function Schedule({ of: { pulser, schedule, missed, last, next, pause, hives } }: { readonly of: ScheduleRow }) {
  return (
    <Panel title={pulser} aside={<PauseButtons target={{ pulser }} pauses={pause ? [pause] : []} />}>
      {pause && <Pause of={pause} />}
      <Facts
        of={[
          ["Fires", schedule ?? "no more: no process runs it"],
          ["Last", last !== undefined && <Ago time={last} />],
          ["Next", next !== undefined && <Ago time={next} />],
          ["Missed firings", missed && (missed === "skip" ? "are left out" : "are made up once")],
          ["Processes", count(hives)],
        ]}
      />
    </Panel>
  );
}
