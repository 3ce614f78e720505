import { publisherText, type EventGraph, type GraphQueue } from "../event-graph.ts";
import type { Finding } from "../finding.ts";
import { cyclesOf } from "../cycles.ts";
import { nearestOf } from "../../../base/nearest.ts";

/** Finds events without readers, subscriptions without events, and cycles without an exit. */
export function flowFindings(graph: EventGraph): Finding[] {
  return [...orphans(graph), ...unfed(graph), ...endless(graph)];
}

function orphans({ queues, publications, subscriptions }: EventGraph): Finding[] {
  // Modules without actors only publish; their readers are elsewhere.
  if (subscriptions.length === 0) return [];
  const read = new Set(subscriptions.map(({ queueName }) => String(queueName.destination)));
  return queues.flatMap(({ name }): Finding[] => {
    const publishers = publications
      .filter(({ to }) => String(to) === String(name))
      .map(({ from }) => publisherText(from));
    if (publishers.length === 0 || read.has(String(name))) return [];
    const [fate, reader] = name.kind === "queue" ? ["pile up", name.topic] : ["are dropped", `${name.topic}-Something`];
    return [
      {
        rule: "orphan-topic",
        severity: "warning",
        where: String(name),
        message:
          `No actor reads what ${listed(publishers)} ${publishers.length === 1 ? "publishes" : "publish"} there, ` +
          `so these events ${fate}. Add an actor on "${reader}", or stop publishing them.`,
      },
    ];
  });
}

function unfed(graph: EventGraph): Finding[] {
  const { queues, publications, subscriptions } = graph;
  const fed = new Set(publications.map(({ to }) => String(to)));
  return queues.flatMap(({ name }): Finding[] => {
    const readers = subscriptions.filter(({ queueName }) => String(queueName.destination) === String(name));
    if (readers.length === 0 || fed.has(String(name))) return [];
    const other = name.kind === "queue" ? `${name.topic}-` : name.topic;
    const meant = nearestOf(
      name.topic,
      [...fed].filter((one) => one !== other).map((one) => one.replace(/-$/, "")),
    );
    return [
      {
        rule: "unfed-subscription",
        severity: "error",
        where: readers.map(({ queueName }) => String(queueName)).join(", "),
        message: `Nothing publishes to ${name}. ${
          fed.has(other) ? otherKindHint(name) : meant === undefined ? entryHint(name) : `Is ${meant} meant?`
        }`,
      },
    ];
  });
}

/** Returns a hint about a possible confusion of topic and queue of the same name. */
function otherKindHint({ topic, kind }: GraphQueue["name"]): string {
  return kind === "queue"
    ? `The topic ${topic}- is published to: write "${topic}-${topic}" in publishes when the queue is meant.`
    : `The queue ${topic} is published to: write "${topic}-" in publishes when the topic is meant.`;
}

/** Returns how to declare that events come from outside. */
export function entryHint({ topic, kind }: GraphQueue["name"]): string {
  const where = kind === "queue" ? `queueName: "${topic}", ` : "";
  const declared = `eventType("${topic}", schema, { ${where}entry: true })`;
  return `If its events come from outside, declare it: ${declared}, or entries: ["${topic}"] in the configuration.`;
}

function endless(graph: EventGraph): Finding[] {
  const { publications, subscriptions } = graph;
  return cyclesOf(graph).flatMap((actors): Finding[] => {
    const within = new Set(
      subscriptions.filter(({ actor }) => actors.includes(actor)).map(({ queueName }) => String(queueName.destination)),
    );
    const leaves = publications.some(
      ({ from, to }) => from.kind === "actor" && actors.includes(from.name) && !within.has(String(to)),
    );
    if (leaves) return [];
    return [
      {
        rule: "endless-cycle",
        severity: "warning",
        where: actors.join(", "),
        message:
          (actors.length === 1
            ? "It publishes only what it reads itself"
            : "They publish only what they read themselves") +
          ", so an event goes round until an actor returns nothing. Publish the end of it too, or limit the rounds.",
      },
    ];
  });
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
