import type { EventGraph, Publication, Subscription } from "./event-graph.ts";

/** A topic that a later version replaces, such as `OrderPlaced` beside `OrderPlaced_v2`. */
export interface Fork {
  readonly topic: string;
  /** The topics of later versions. */
  readonly later: readonly string[];
  /** The subscriptions of the old topic, without those of bridges. */
  readonly readers: readonly Subscription[];
  /** The actors that bring events of the old topic to a later one. */
  readonly bridges: readonly string[];
  /** The publications to the old topic. */
  readonly publications: readonly Publication[];
}

/** Returns the topics that later versions replace. */
export function forksOf({ queues, publications, subscriptions }: EventGraph): readonly Fork[] {
  const topics = [...new Set(queues.filter(({ name }) => name.kind === "topic").map(({ name }) => name.topic))];
  return topics.flatMap((topic): Fork[] => {
    const { base, version } = partsOf(topic);
    const later = topics.filter((other) => partsOf(other).base === base && partsOf(other).version > version);
    if (later.length === 0) return [];
    // A bridge to the later topic has to read the old one.
    const bridging = publications.filter(({ from, to }) => from.kind === "actor" && later.includes(to.topic));
    const isBridge = (actor: string): boolean => bridging.some(({ from }) => from.name === actor);
    const reading = subscriptions.filter(({ queueName: { kind, topic: read } }) => kind !== "queue" && read === topic);
    return [
      {
        topic,
        later,
        readers: reading.filter(({ actor }) => !isBridge(actor)),
        bridges: [...new Set(reading.map(({ actor }) => actor).filter(isBridge))],
        publications: publications.filter(({ to }) => to.kind === "topic" && to.topic === topic),
      },
    ];
  });
}

function partsOf(topic: string): { readonly base: string; readonly version: number } {
  const [, base = topic, number = "1"] = /^(.+)_v(\d+)$/.exec(topic) ?? [];
  return { base, version: Number(number) };
}
