import type { EventGraph } from "../event-graph.ts";
import type { Finding } from "../finding.ts";

/** Finds readers of topics that a later version replaces, such as `OrderPlaced` beside `OrderPlaced_v2`. */
export function forkFindings({ queues, publications, subscriptions }: EventGraph): Finding[] {
  const topics = queues.map(({ name }) => name.topic);
  return topics.flatMap((topic) => {
    const { base, version } = partsOf(topic);
    const later = topics.filter((other) => partsOf(other).base === base && partsOf(other).version > version);
    return subscriptions
      .filter(({ queueName, actor }) => {
        // A bridge to the later topic has to read the old one.
        const isBridge = publications.some(({ from, to }) => from.name === actor && later.includes(to.topic));
        return queueName.topic === topic && later.length > 0 && !isBridge;
      })
      .map(({ queueName, actor }): Finding => ({
        rule: "replaced-topic",
        severity: "warning",
        where: String(queueName),
        message: `${later.join(" and ")} takes its place, and ${actor} still reads the old topic. Let it read the new one.`,
      }));
  });
}

function partsOf(topic: string): { readonly base: string; readonly version: number } {
  const [, base = topic, number = "1"] = /^(.+)_v(\d+)$/.exec(topic) ?? [];
  return { base, version: Number(number) };
}
