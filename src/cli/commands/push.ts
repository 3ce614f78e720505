import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { Option } from "commander";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/error-text.ts";
import { silentLogger } from "../../base/logger.ts";
import { versionProperty } from "../../events/event-version.ts";
import { QueueName } from "../../events/queue-name.ts";
import { openJournal } from "../../journal/open-journal.ts";
import { Recording } from "../../journal/recording.ts";
import { defineCommand, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode, UsageError, type ExitCode } from "../exit-code.ts";
import { decoded } from "../input/decoded.ts";
import { formats, items, type Format } from "../input/items.ts";
import { placeOf } from "../input/place.ts";
import { assertQueueExists } from "../open-existing-provider.ts";
import { duration, several, whole } from "../option-parsers.ts";
import type { Output } from "../output.ts";
import { missingVersionText } from "../push/body-versions.ts";
import { versionsOf } from "../push/version-source.ts";
import { propertyOf, type EventSettings } from "../push/event-maker.ts";
import { pushItems, type Pushed } from "../push/push-items.ts";
import { Pusher } from "../push/pusher.ts";
import { progress } from "../terminal/progress.ts";

interface Options {
  readonly type?: string;
  readonly modules?: string;
  readonly schemaVersion?: number;
  readonly cloudEvents?: boolean;
  readonly property?: readonly string[];
  readonly correlationId?: string;
  readonly partitionKeyFrom?: string;
  readonly idFrom?: string;
  readonly delay?: number;
  readonly format: Format;
  readonly encoding: string;
  readonly batch: number;
  readonly fromLine: number;
  readonly runId?: string;
  readonly keepGoing?: boolean;
  readonly dryRun?: boolean;
}

export const push: CliCommand = defineCommand<Options, [queue: string, file: string]>({
  name: "push",
  summary: "publish the events of a file",
  description:
    "Publishes the events of a file to a topic (Topic-) or a queue. The file holds NDJSON, a JSON array or one JSON " +
    "document, and is read as a stream. Each value is the body of an event, or a CloudEvent with --cloud-events. " +
    "Bodies are checked against the schemas that the modules declare for their types, and get the version of that " +
    "schema.\n\nA push that fails prints the last line up to which everything was published, and the options to go " +
    "on with. The remaining events then get the same ids, so a provider that drops duplicates publishes none of " +
    "them twice.",
  define: (command) =>
    command
      .argument("<queue>", "Topic- or Queue")
      .argument("<file>", "a file, or - for the standard input")
      .option("--provider <url>", "the provider to publish to")
      .option("--type <name>", "the type of the events (default: the name of the topic or queue)")
      .option(
        "--modules <paths>",
        "modules that declare the types of the events, separated by commas (default: those of the configuration)",
      )
      .option(
        "--schema-version <n>",
        "the version of the bodies (default: the version that the modules declare)",
        whole(1),
      )
      .option("--cloud-events", "read CloudEvents 1.0, which have types and ids of their own")
      .option("--property <name=value>", "set a property on all events; may be repeated", several)
      .option("--correlation-id <id>", "the correlation id of all events")
      .option("--partition-key-from <path>", "the path of the partition key in the body, such as body.customer.id")
      .option("--id-from <path>", "the path of the event id in the body, such as body.id")
      .option("--delay <time>", "deliver the events after a delay, such as 30s or 2h", duration())
      .addOption(new Option("--format <format>", "the format of the input").choices(formats).default("auto"))
      .option("--encoding <name>", "the encoding of the input, such as latin1", "utf-8")
      .option("--batch <n>", "the number of events published at a time", whole(1), 500)
      .option("--from-line <n>", "begin at this line, or at this element of an array", whole(1), 1)
      .option("--run-id <id>", "the id that event ids are derived from; a failed push prints its own")
      .option("--keep-going", "skip bad values instead of stopping at the first")
      .option("--dry-run", "check everything, publish nothing"),
  examples: [
    ["beehive push OrderAccepted- orders.ndjson --provider sqlite:./hive.db", "publish one event for each line"],
    ["beehive push OrderAccepted- orders.json --partition-key-from body.customer", "keep the order of each customer"],
    ["curl -s example.com/events | beehive push Intake - --cloud-events", "publish CloudEvents from a pipe"],
    ["beehive push OrderAccepted- orders.ndjson --dry-run --keep-going", "list all bad values"],
  ],
  endsItself: true,
  async run(context, options, queueName, file) {
    const queue = QueueName.parse(queueName);
    if (queue.kind === "subscription")
      throw new UsageError(`${queue} is a subscription; publish to its topic: ${queue.topic}-`);
    if (options.cloudEvents && (options.type !== undefined || options.idFrom !== undefined))
      throw new UsageError("CloudEvents have types and ids of their own: leave out --type and --id-from.");
    const input = await open(file);
    const release = (): void => void input.stream.destroy();
    context.signal.addEventListener("abort", release, { once: true });
    try {
      const settings = { ...settingsOf(queue, options), versions: await versionsOf(context.settings, options) };
      return await pushAll(context, input, settings, options);
    } finally {
      release();
    }
  },
});

/** Throws when the version of the bodies is unknown. CloudEvents are checked one by one, as each has its own type. */
function assertVersionKnown({ cloudEvents, properties, type, versions: { types, given } }: EventSettings): void {
  if (cloudEvents || types !== undefined || given !== undefined || versionProperty in properties) return;
  throw new UsageError(missingVersionText(type));
}

function settingsOf(queue: QueueName, options: Options): Omit<EventSettings, "versions"> {
  const { property = [], type = queue.topic, runId = randomUUID(), cloudEvents = false } = options;
  const { correlationId, partitionKeyFrom, idFrom, delay } = options;
  const properties = Object.fromEntries(property.map(propertyOf));
  return { queue, type, cloudEvents, properties, correlationId, partitionKeyFrom, idFrom, delay, runId };
}

interface Input {
  readonly name: string;
  readonly stream: Readable;
  /** The size of the input; 0 when it is unknown. */
  readonly bytes: number;
  bytesRead(): number;
}

async function open(file: string): Promise<Input> {
  if (file === "-") return { name: "standard input", stream: process.stdin, bytes: 0, bytesRead: () => 0 };
  try {
    const { size } = await stat(file);
    const stream = createReadStream(file);
    return { name: file, stream, bytes: size, bytesRead: () => stream.bytesRead };
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Bad items that are reported one by one. */
const maxReported = 20;

async function pushAll(
  { output, signal, provider, settings: readSettings }: CommandContext,
  input: Input,
  settings: EventSettings,
  options: Options,
): Promise<ExitCode> {
  const to = options.dryRun ? undefined : await provider();
  if (to) await assertQueueExists(to.queues, settings.queue);
  assertVersionKnown(settings);
  const journal = to && openJournal((await readSettings()).journal, to, systemClock, silentLogger);
  const recording = journal && new Recording(journal, systemClock, silentLogger, undefined);
  const pusher = new Pusher(to?.queues, options.batch, options.fromLine - 1, recording);
  const shown = progress(
    output,
    input.bytes > 0 ? "{bar} {percentage}% {events} events" : "{events} events",
    input.bytes,
  );
  let reported = 0;
  let result: Pushed;
  try {
    result = await pushItems(items(decoded(input.stream, options.encoding), options.format), pusher, {
      settings,
      from: options.fromLine,
      keepGoing: options.keepGoing ?? false,
      signal,
      onBad: (item, problem) => {
        if (reported++ < maxReported) output.complain(`${input.name}, ${placeOf(item)}: ${problem}`);
        else if (reported === maxReported + 1) output.complain("more bad values are only counted");
      },
      onItem: () => shown.update(input.bytesRead(), { events: pusher.pushed }),
    });
  } finally {
    shown.end();
    await journal?.close();
  }
  return report(output, pusher, result, { input, settings, options, signal });
}

interface Call {
  readonly input: Input;
  readonly settings: EventSettings;
  readonly options: Options;
  readonly signal: AbortSignal;
}

function report(output: Output, { pushed, dropped, done }: Pusher, { bad, failure }: Pushed, call: Call): ExitCode {
  const { input, settings, options, signal } = call;
  const ended = failure === undefined && !signal.aborted && (bad === 0 || options.keepGoing === true);
  if (failure !== undefined) output.complain(`${input.name}: ${failure}`);
  const published = pushed - (dropped ?? 0);
  // JSON has no undefined: null means unknown.
  const duplicates = dropped ?? null;
  if (output.json) output.result({ pushed: published, duplicates, bad, ended, lastLine: done, runId: settings.runId });
  else
    output.print(
      `${options.dryRun ? "Would publish" : "Published"} ${published} ${published === 1 ? "event" : "events"} to ` +
        `${settings.queue}` +
        `${dropped ? `, ${dropped} dropped as duplicates` : ""}${bad > 0 ? `, ${bad} bad` : ""}.`,
    );
  if (dropped === undefined) output.note("This provider does not report how many events it dropped as duplicates.");
  if (!ended && !options.dryRun) {
    const until = done === 0 ? "Nothing was published." : `Everything up to ${done} was published.`;
    output.note(`${until} To go on: --from-line ${done + 1} --run-id ${settings.runId}`);
  }
  if (signal.aborted) return exitCode.interrupted;
  return ended && bad === 0 ? exitCode.well : exitCode.failed;
}
