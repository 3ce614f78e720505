import type { EventGraph } from "../event-graph.ts";
import type { Finding } from "../finding.ts";

/** Finds event types without a schema, declared twice, or unused. */
export function eventFindings({ queues, publications, subscriptions }: EventGraph): Finding[] {
  const used = new Set([
    ...publications.map(({ to }) => String(to)),
    ...subscriptions.map(({ queueName }) => String(queueName.destination)),
  ]);
  return queues.flatMap(({ name, events }): Finding[] => {
    const declared = events.filter((event) => event.declared);
    const names = [...new Set(declared.map((event) => event.name))];
    if (!used.has(String(name)))
      return names.map((event) => ({
        rule: "unused-event",
        severity: "warning",
        where: event,
        message: `No actor publishes to or reads ${name}. Give the module of its actors too, or remove the event type.`,
      }));
    const bare =
      names.length === 0
        ? [name.topic]
        : names.filter((one) => declared.some((event) => event.name === one && !event.schema));
    return [
      ...bare.map((event): Finding => ({
        rule: "event-without-schema",
        severity: "warning",
        where: event,
        message: `Its body is not checked when it is made or read. Declare and export eventType("${event}", schema).`,
      })),
      ...names.flatMap((event) =>
        twice(
          event,
          declared.filter((one) => one.name === event),
        ),
      ),
    ];
  });
}

function twice(where: string, events: EventGraph["queues"][number]["events"]): Finding[] {
  const versions = events.map(({ version }) => version);
  const version = versions.find((one, index) => versions.indexOf(one) !== index);
  if (version === undefined) return [];
  return [
    {
      rule: "event-declared-twice",
      severity: "warning",
      where,
      message:
        `Version ${version} of it is declared more than once, so publishers and readers may disagree. ` +
        "Declare it in one place and import it from there.",
    },
  ];
}
