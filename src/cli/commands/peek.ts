import { printableLine } from "../../base/printable.ts";
import type { LineHead } from "../../contract/queue-operator.ts";
import { operate } from "../../hive/operate.ts";
import type { PeekedEvent } from "../../hive/withdraw.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { whole } from "../option-parsers.ts";
import { table } from "../text.ts";
import { consumerQueue } from "./queues.ts";

interface Options {
  readonly limit: number;
  readonly bodies?: boolean;
  readonly id?: string;
}

export const peek: CliCommand = defineCommand<Options, [queue: string]>({
  name: "peek",
  summary: "show the next events of a queue without leasing them",
  description:
    "Shows the events of a queue as they would be leased: ready ones first, then those behind others of their key, then " +
    "leased and delayed ones. Nothing changes. Bodies are shown with --bodies only, since they may be confidential.\n\n" +
    "With --id it shows one event, and which event of its key it waits for. SQS shows no event to one who does not " +
    "lease it, so that there is no peek on aws:.",
  define: (command) =>
    command
      .argument("<queue>", "Topic-Subscription or Queue")
      .option("--provider <url>", "the provider of the queue")
      .option("--limit <n>", "at most this many", whole(1), 20)
      .option("--bodies", "show the bodies, too")
      .option("--id <id>", "only the event of this id"),
  examples: [
    ["beehive peek OrderAccepted-Payment", "the next 20 events"],
    ["beehive peek OrderAccepted-Payment --limit 1 --bodies --json", "the next event, whole"],
    ["beehive peek OrderAccepted-Payment --id 8d0c5b1e-93f5-8f0a-b6f4-5c8e2d1a7b90", "what one event waits for"],
  ],
  async run({ output, provider }, { limit, bodies, id }, queue) {
    const found = await (await operate(await provider())).queue(`${consumerQueue(queue)}`).peek({ limit, bodies, id });
    if (output.json) return output.result(found);
    if (found.length === 0) return output.note(id === undefined ? "No events." : `The queue does not hold ${id}.`);
    const rows = found.map((event) => [
      event.state,
      printableLine(event.id),
      printableLine(event.eventType),
      `${event.attempts}`,
      event.dueAt === undefined ? "-" : new Date(event.dueAt).toISOString(),
      printableLine(event.partitionKey ?? "-"),
      ...(bodies ? [bodyOf(event)] : []),
    ]);
    const titles = ["STATE", "EVENT", "TYPE", "ATTEMPTS", "DUE", "KEY", ...(bodies ? ["BODY"] : [])];
    output.print(table(rows, titles));
    for (const event of found) if (id !== undefined && event.heldBy) output.print(heldText(event.heldBy));
  },
});

function bodyOf({ body, bodyBase64 }: PeekedEvent): string {
  return printableLine(bodyBase64 ?? (body === undefined ? "-" : JSON.stringify(body)));
}

/** Says what an event waits for. */
function heldText({ eventId, state, attempts, dueAt, ahead }: LineHead): string {
  const when = dueAt === undefined ? "" : ` until ${new Date(dueAt).toISOString()}`;
  const tried = attempts === 0 ? "not tried yet" : attempts === 1 ? "tried once" : `tried ${attempts} times`;
  const others = ahead > 1 ? `, with ${ahead - 1} more in front` : "";
  return `It waits behind ${printableLine(eventId)}, which is ${state}${when}, ${tried}${others}.`;
}
