import type { SourceRow } from "../src/web/dashboard/wire.ts";
import { useLive } from "./connection.ts";
import { Pause, PauseButtons } from "./controls.tsx";
import { count, Empty, Facts, Panel } from "./parts.tsx";

/** Each source with the records that it has yet to read, and what holds it up. */
export function Sources() {
  const { look } = useLive();
  if (!look) return <Empty>Looking at the provider…</Empty>;
  return (
    <>
      <h1>Sources</h1>
      {look.sources.length === 0 && (
        <Empty>No process runs a source: records of another system that become events, as of kafkaSource.</Empty>
      )}
      {look.sources.map((one) => (
        <Source key={one.name} of={one} />
      ))}
    </>
  );
}

function Source({ of: { name, behind, failing, pause, isPausedWithAll, hives } }: { readonly of: SourceRow }) {
  return (
    <Panel
      title={name}
      aside={isPausedWithAll ? undefined : <PauseButtons target={{ source: name }} pauses={pause ? [pause] : []} />}
    >
      {pause && <Pause of={pause} />}
      <Facts
        of={[
          ["To read", behind === undefined ? "not known yet" : `${count(behind)} records`],
          ["Held up by", failing !== undefined && <span class="bad">! {failing}</span>],
          ["Processes", hives === 0 ? "none runs it" : count(hives)],
        ]}
      />
    </Panel>
  );
}
