import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { buffer as bufferOf } from "node:stream/consumers";
import { messageOf } from "../../base/error-text.ts";
import { printableLine } from "../../base/printable.ts";
import type { Event, EventProperty } from "../../events/event.ts";
import { groupsOf } from "../../hive/letters/groups.ts";
import { exportLine } from "../../hive/letters/export.ts";
import { mended, type LetterChanges } from "../../hive/letters/mend.ts";
import { operate } from "../../hive/operate.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { filtered, filterOptions, type Filter } from "../dead-letters/filter.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import { several } from "../option-parsers.ts";
import { table } from "../text.ts";
import { consumerQueue } from "./queues.ts";

const queueArgument = ["<queue>", "Topic-Subscription or Queue"] as const;

const groups: CliCommand = defineCommand<Filter, [queue: string]>({
  name: "dead-letters groups",
  summary: "count the dead letters of a queue by cause",
  description:
    "Groups the dead letters of a queue by cause, the largest group first. Letters have one cause when actor and error " +
    "are the same, and their messages differ in numbers, ids and quoted parts alone (…). The other commands take the " +
    "group with --group.",
  define: (command) => filterOptions(command.argument(...queueArgument)),
  examples: [["beehive dead-letters groups OrderAccepted-Payment", "the causes and their counts"]],
  async run({ output, provider }, filter, queue) {
    const { queues } = await provider();
    const found = await groupsOf(filtered(queues.deadLetters(consumerQueue(queue)), filter));
    if (output.json) return output.result(found);
    if (found.length === 0) return output.note("No dead letters.");
    const rows = found.map(({ key, count, newest, actor, errorName, message }) => [
      key,
      `${count}`,
      newest.toISOString(),
      printableLine(actor),
      printableLine(errorName),
      printableLine(message),
    ]);
    output.print(table(rows, ["GROUP", "LETTERS", "LAST", "ACTOR", "ERROR", "MESSAGE"]));
  },
});

interface EditOptions extends AsOptions {
  readonly body?: string;
  readonly type?: string;
  readonly set?: readonly string[];
  readonly dryRun?: boolean;
}

const edit: CliCommand = defineCommand<EditOptions, [queue: string, id: string]>({
  name: "dead-letters edit",
  summary: "mend the event of a dead letter and requeue it",
  description:
    "Changes the body, the type or properties of the event of a dead letter, and requeues it to its subscription alone, " +
    "under the same id. What is not given stays. An empty value of --set removes a property.",
  define: (command) =>
    asOption(
      command
        .argument(...queueArgument)
        .argument("<id>", "the id of the dead letter, or of its event")
        .option("--provider <url>", "the provider of the queue")
        .option("--body <file>", "the file of the new body; - for the standard input")
        .option("--type <name>", "the new type of the event")
        .option("--set <name=value>", "a property, may be repeated", several)
        .option("--dry-run", "print the event as it would be, change nothing"),
    ),
  examples: [
    ["beehive dead-letters edit OrderAccepted-Payment letter-7 --body mended.json", "another body"],
    ["echo '{\"id\":1}' | beehive dead-letters edit OrderAccepted-Payment letter-7 --body - --dry-run", "a preview"],
  ],
  async run({ output, provider }, options, name, id) {
    const queue = (await operate(await provider())).queue(`${consumerQueue(name)}`);
    const letter = await queue.letter(id);
    const changes: LetterChanges = {
      ...(options.body !== undefined && (await bodyIn(options.body, letter.event))),
      eventType: options.type,
      ...(options.set && { properties: propertiesOf(options.set) }),
    };
    const event = mended(letter.event, changes);
    if (options.dryRun) return output.result(event);
    await queue.requeueMended(letter.id, { ...changes, by: operatorOf(options) });
    if (output.json) output.result({ requeued: 1, id: event.id });
    else output.print(`Requeued ${printableLine(event.id)}.`);
    return exitCode.well;
  },
});

/** Returns the new body: bytes in the place of bytes, else text as it is written. */
async function bodyIn(file: string, { shownBody: { body } }: Event): Promise<LetterChanges> {
  const bytes =
    file === "-"
      ? await bufferOf(process.stdin)
      : await readFile(file).catch((cause: unknown) => {
          throw new UsageError(`${file} cannot be read: ${messageOf(cause)}`, { cause });
        });
  if (typeof body !== "string") return { body: bytes };
  if (!isUtf8(bytes)) throw new UsageError("The new body is not UTF-8, as the text that it replaces.");
  return { bodyText: bytes.toString() };
}

function propertiesOf(given: readonly string[]): Record<string, EventProperty | null> {
  const entries = given.map((one): [string, EventProperty | null] => {
    const at = one.indexOf("=");
    if (at < 1) throw new UsageError(`--set ${one}: write name=value.`);
    const value = one.slice(at + 1);
    return [one.slice(0, at), value === "" ? null : valueOf(value)];
  });
  return Object.fromEntries(entries);
}

/** Returns numbers and booleans as such, and anything else as text. */
function valueOf(text: string): EventProperty {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text ? Number(text) : text;
}

const exportAll: CliCommand = defineCommand<Filter, [queue: string]>({
  name: "dead-letters export",
  summary: "write dead letters with their bodies as NDJSON",
  description:
    "Writes a line of JSON for each dead letter: its facts, and its event as a CloudEvent with its body, which may be " +
    "confidential. The letters stay.",
  define: (command) => filterOptions(command.argument(...queueArgument)),
  examples: [
    ["beehive dead-letters export OrderAccepted-Payment --since 1d | gzip > letters.ndjson.gz", "those of a day"],
  ],
  async run({ output, provider }, filter, queue) {
    const { queues } = await provider();
    for await (const letter of filtered(queues.deadLetters(consumerQueue(queue)), filter))
      output.write(`${exportLine(letter)}\n`);
  },
});

/** The commands on dead letters beside list, show, requeue and drop. */
export const moreDeadLetters: readonly CliCommand[] = [groups, edit, exportAll];
