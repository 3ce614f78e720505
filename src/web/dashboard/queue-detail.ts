import type { ActorDescriptor } from "../../actors/actor.ts";
import { describedSettings } from "../../actors/descriptor.ts";
import { parallelismText } from "../../actors/descriptors-text.ts";
import { inMs } from "../../base/duration.ts";
import type { OperatorSettings } from "../../controls/controls.ts";
import { QueueName } from "../../events/queue-name.ts";
import { lagsOf } from "../../hive/lags.ts";
import type { Looks } from "./looks.ts";
import { shownEvent } from "./shown-event.ts";
import { readerOf, type Watched } from "./watched.ts";
import type { PeekedRow, QueueDetail, Setting } from "./wire.ts";

const maxPeeked = 50;

/** Returns a queue in detail. Its counts are in each look. */
export async function queueDetail(text: string, watched: Watched, { activity }: Looks): Promise<QueueDetail> {
  const { provider, clock, operator } = watched;
  const name = QueueName.parse(text);
  const descriptor = readerOf(watched, name);
  const [holders, lags, { settings: operated }] = await Promise.all([
    provider.queues.holders?.(name) ?? [],
    lagsOf(provider, [name], []),
    operator.queue(text).operated(),
  ]);
  const lag = lags.get(name);
  return {
    name: text,
    settings: [...operatedOf(operated), ...(descriptor ? settingsOf(descriptor, operated) : [])],
    publishes: descriptor?.publishes.map(String) ?? [],
    series: activity?.series(clock.now(), text) ?? { time: [], done: [], failed: [], wait: [] },
    holders: holders.map(({ eventId, behind, attempts, state }) => ({ eventId, behind, attempts, state })),
    noPeek: reasonOf(provider.capabilities.peek),
    noPurge: reasonOf(provider.capabilities.purge),
    behind: lag && { count: lag.behind, oldest: lag.oldest },
  };
}

function reasonOf(capability: true | string | undefined): string | undefined {
  return capability === true ? undefined : (capability ?? "the provider does not say why");
}

/** Returns the next events of a queue, without leasing them. */
export async function peekedRows(
  text: string,
  { provider }: Watched,
  seesBodies: boolean,
): Promise<readonly PeekedRow[]> {
  const found = (await provider.queues.peek?.(QueueName.parse(text), { limit: maxPeeked })) ?? [];
  return found.map(({ event, state, dueAt, attempts, heldBy }) => ({
    ...shownEvent(event, seesBodies),
    state,
    dueAt,
    attempts,
    heldBy: heldBy?.eventId,
  }));
}

/** Returns the settings that an operator has changed. */
function operatedOf(operated: OperatorSettings | undefined): readonly Setting[] {
  if (!operated) return [];
  const { parallelism, throttle, by, since } = operated;
  const origin = `${by}, ${since.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const { limit, per = "1s" } = throttle ?? {};
  return [
    ...(parallelism === undefined ? [] : [{ name: "parallelism", value: `${parallelism}`, origin }]),
    ...(limit === undefined ? [] : [{ name: "throttle", value: `${limit} in ${durationText(inMs(per))}`, origin }]),
  ];
}

/** Returns the settings of the code and its configuration, and where each comes from. */
function settingsOf(descriptor: ActorDescriptor, operated: OperatorSettings | undefined): readonly Setting[] {
  return describedSettings.flatMap((name) => {
    const value = name === "parallelism" ? parallelismText(descriptor) : descriptor[name];
    if (value === undefined || (name === "parallelism" && operated?.parallelism !== undefined)) return [];
    const origin = descriptor.origins[name] ?? "configuration";
    if (typeof value !== "object" || value === null) return [{ name, value: unitOf(name, value), origin }];
    return Object.entries(value).map(([part, one]: [string, unknown]) => ({
      name: `${name}.${part}`,
      value: unitOf(part, one),
      origin,
    }));
  });
}

/** Writes lengths of time with their unit. */
function unitOf(name: string, value: unknown): string {
  return typeof value === "number" && /delay|lease|within|pause|ms$/i.test(name) ? durationText(value) : String(value);
}

function durationText(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : ms < 120_000 ? `${ms / 1_000} s` : `${ms / 60_000} min`;
}
