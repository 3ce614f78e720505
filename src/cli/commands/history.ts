import { printable, printableLine } from "../../base/printable.ts";
import { toCloudEvent } from "../../events/cloud-events.ts";
import { historyOf } from "../../hive/history.ts";
import { logOf, type LoggedEvent } from "../../hive/hive-log.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import { bodyText } from "./log.ts";

const maxBody = 10_000;

export const history: CliCommand = defineCommand<{ readonly key?: string }, [id: string | undefined]>({
  name: "history",
  summary: "show all kept events of an order or a process, with bodies",
  description:
    "Shows the kept events of all topics that belong together, oldest first: those of a correlation id, or with " +
    "--key those of a partition key. Ends with 1 when there are none. For what became of each event, see beehive trace.",
  define: (command) =>
    command
      .argument("[id]", "a correlation id, or the id of the event that began the process")
      .option("--key <key>", "the partition key of an order, a customer or another entity")
      .option("--provider <url>", "the provider of the topics"),
  examples: [
    ["beehive history 6f1c2c9e-4c53-4c0e-9d0a-4f3c3f6d2b11", "all events of one process"],
    ["beehive history --key order-1042 --json", "all events of an order, as JSON"],
  ],
  async run({ provider, output }, { key }, id) {
    if ((id === undefined) === (key === undefined)) throw new UsageError("Give an id, or a key with --key.");
    const events = await historyOf(logOf(await provider()), key === undefined ? { correlationId: `${id}` } : { key });
    if (output.json)
      output.result(
        events.map(({ event, ...place }) => ({ topic: event.queueName, ...place, event: toCloudEvent(event) })),
      );
    else if (events.length > 0) output.print(events.map(textOf).join("\n"));
    else output.note("There are no such events in the topics that keep theirs.");
    return events.length === 0 ? exitCode.failed : exitCode.well;
  },
});

function textOf({ position, published, event }: LoggedEvent): string {
  const { eventType, queueName, id } = event;
  return `${printableLine(`${published.toISOString()}  ${queueName} ${position}  ${eventType}  ${id}`)}\n  ${printable(bodyText(event, maxBody))}`;
}
