/** The controls of an operator: pauses and settings, and who used them. */
import type { ActRow, PauseRow, Setting } from "../src/web/dashboard/wire.ts";
import { act, useFetched } from "./connection.ts";
import { Act, Ago, Empty, Panel } from "./parts.tsx";

/** The target of a pause: a queue, a pulser, a source, or all subscriptions. */
export type Target = { readonly queue: string } | { readonly pulser: string } | { readonly source: string } | object;

/** A pause, with who set it, why, and until when. */
export function Pause({ of: { by, operator, reason, since, until, hive } }: { readonly of: PauseRow }) {
  return (
    <p class="pause">
      <b>Paused by {operator ?? by}</b>
      {hive !== undefined && " in one process"}: {reason}{" "}
      <span class="dim">
        since <Ago time={since} />,{" "}
        {until === undefined ? (
          "until somebody resumes it"
        ) : (
          <>
            ends <Ago time={until} />
          </>
        )}
      </span>
    </p>
  );
}

const lengths: readonly (readonly [name: string, ms: number | undefined])[] = [
  ["until somebody resumes it", undefined],
  ["for 15 minutes", 900_000],
  ["for an hour", 3_600_000],
  ["for four hours", 14_400_000],
];

/** Pause, or resume where an operator has paused it. */
export function PauseButtons({ target, pauses }: { readonly target: Target; readonly pauses: readonly PauseRow[] }) {
  if (pauses.some(({ by }) => by === "operator"))
    return (
      <Act kind="primary" run={() => act("resume", target)}>
        Resume
      </Act>
    );
  const isAll = Object.keys(target).length === 0;
  return (
    <Act
      title={isAll ? "Pause all subscriptions" : `Pause ${Object.values(target).join("")}`}
      ask={
        <>
          <p>
            {"source" in target
              ? "No process reads further records."
              : "Events in work are finished, and no process takes further ones."}
          </p>
          <label class="field">
            Reason <input name="reason" required autocomplete="off" />
          </label>
          <label class="field">
            How long{" "}
            <select name="length">
              {lengths.map(([name], index) => (
                <option key={name} value={index}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </>
      }
      run={(fields) =>
        act("pause", { ...target, reason: fields.get("reason"), forMs: lengths[Number(fields.get("length"))]?.[1] })
      }
    >
      {isAll ? "Pause all" : "Pause"}
    </Act>
  );
}

/** Changes parallelism and throttle while hives run. */
export function ChangeSettings({ queue, settings }: { readonly queue: string; readonly settings: readonly Setting[] }) {
  const now = (name: string): string => settings.find((one) => one.name === name)?.value ?? "";
  const wholeOrNothing = (value: FormDataEntryValue | null): number | undefined =>
    value === "" || value === null ? undefined : Number(value);
  return (
    <Act
      title={`Settings of ${queue}`}
      ask={
        <>
          <p>In every process, within seconds. An empty field goes back to the setting of the code.</p>
          <label class="field">
            Events in work at the same time, in each process
            <input name="parallelism" type="number" min={1} placeholder={now("parallelism")} />
          </label>
          <label class="field">
            At most so many events a second, in each process
            <input name="limit" type="number" min={1} placeholder={now("throttle") || "no limit"} />
          </label>
        </>
      }
      run={(fields) =>
        act("set", {
          queue,
          parallelism: wholeOrNothing(fields.get("parallelism")),
          limit: wholeOrNothing(fields.get("limit")),
        })
      }
    >
      Change
    </Act>
  );
}

/** The latest acts of operators: on one queue, or on all. */
export function Acts({ on, fresh }: { readonly on?: string; readonly fresh: unknown }) {
  const { data } = useFetched<readonly ActRow[]>("acts", { on }, fresh);
  if (!data) return null;
  return (
    <Panel title="What operators did">
      {data.length === 0 ? (
        <Empty>Nothing in the last 90 days.</Empty>
      ) : (
        <div class="scroll">
          <table>
            <tbody>
              {data.map(({ id, time, by, act: verb, on: target, detail }) => (
                <tr key={id}>
                  <td>
                    <Ago time={time} />
                  </td>
                  <td>{by}</td>
                  <td>
                    {verb} {on === undefined && (target === "*" ? "all subscriptions" : target)}
                  </td>
                  <td class="dim">{detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
