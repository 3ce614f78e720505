import { messageOf } from "../../base/error-text.ts";
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { Option } from "commander";
import { systemClock } from "../../base/clock.ts";
import { versionProperty } from "../../events/event-version.ts";
import { openJournal } from "../../journal/open-journal.ts";
import { Recording } from "../../journal/recording.ts";
import { silentLogger } from "../../base/logger.ts";
import { QueueName } from "../../events/queue-name.ts";
import { defineCommand, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode, UsageError, type ExitCode } from "../exit-code.ts";
import { decoded } from "../input/decoded.ts";
import { formats, items, type Format } from "../input/items.ts";
import { placeOf } from "../input/place.ts";
import { several, whole } from "../options.ts";
import { progress } from "../progress.ts";
import { assertThere } from "../queue-there.ts";
import type { Output } from "../output.ts";
import { whoSays } from "../push/body-versions.ts";
import { versionsOf } from "../push/version-source.ts";
import { propertyOf, type EventSettings } from "../push/event-maker.ts";
import { pushItems, type Pushed } from "../push/push-items.ts";
import { Pusher } from "../push/pusher.ts";

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
    "Publishes events to a topic (Topic-) or a queue, from NDJSON, a JSON array or one JSON document, read as a stream. " +
    "Each value is the body of an event, or with --cloud-events a CloudEvent. Bodies are checked against the schemas that " +
    "the modules declare for their types, and get the version of these. When it fails it says up to which line " +
    "everything was published and how to go on; the rest then gets the same ids, so that what is published twice is " +
    "dropped where the provider drops duplicates.",
  define: (command) =>
    command
      .argument("<queue>", "Topic- or Queue")
      .argument("<file>", "a file, or - for the standard input")
      .option("--provider <url>", "where to publish")
      .option("--type <name>", "the type of the events (default: the name of the topic or queue)")
      .option(
        "--modules <paths>",
        "modules that declare the types of the events, with commas (default: those of the configuration)",
      )
      .option(
        "--schema-version <n>",
        "of which version the bodies are (default: the one that the modules declare)",
        whole(1),
      )
      .option("--cloud-events", "the values are CloudEvents 1.0 with types and ids of their own")
      .option("--property <name=value>", "a property of all events; may be repeated", several)
      .option("--correlation-id <id>", "of all events")
      .option("--partition-key-from <path>", "where the body has the partition key, such as body.customer.id")
      .option("--id-from <path>", "where the body has what becomes the id of its event")
      .option("--delay <ms>", "deliver them not before so long from now", whole())
      .addOption(new Option("--format <format>", "what the input is").choices(formats).default("auto"))
      .option("--encoding <name>", "of the input, such as latin1; what is not of it is refused", "utf-8")
      .option("--batch <n>", "publish so many at a time", whole(1), 500)
      .option("--from-line <n>", "begin at this line, or at this element of an array", whole(1), 1)
      .option("--run-id <id>", "what the ids are made from; a failed push says its own")
      .option("--keep-going", "pass over bad values instead of stopping at the first")
      .option("--dry-run", "check everything, publish nothing"),
  examples: [
    ["beehive push OrderAccepted- orders.ndjson --provider sqlite:./hive.db", "one event a line"],
    ["beehive push OrderAccepted- orders.json --partition-key-from body.customer", "in order for each customer"],
    ["curl -s example.com/events | beehive push Intake - --cloud-events", "CloudEvents from a pipe"],
    ["beehive push OrderAccepted- orders.ndjson --dry-run --keep-going", "list all that is bad"],
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

/** CloudEvents have types of their own: whether each has a version is seen when it is read. */
function assertVersionSaid({ cloudEvents, properties, type, versions: { types, said } }: EventSettings): void {
  if (cloudEvents || types !== undefined || said !== undefined || versionProperty in properties) return;
  throw new UsageError(whoSays(type));
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
  /** 0 when nobody knows. */
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

/** How many bad items are told one by one. */
const maxTold = 20;

async function pushAll(
  { output, signal, provider, settings: said }: CommandContext,
  input: Input,
  settings: EventSettings,
  options: Options,
): Promise<ExitCode> {
  const to = options.dryRun ? undefined : await provider();
  if (to) await assertThere(to.queues, settings.queue);
  assertVersionSaid(settings);
  const journal = to && openJournal((await said()).journal, to, systemClock, silentLogger);
  const recording = journal && new Recording(journal, systemClock, silentLogger, undefined);
  const pusher = new Pusher(to?.queues, options.batch, options.fromLine - 1, recording);
  const shown = progress(
    output,
    input.bytes > 0 ? "{bar} {percentage}% {events} events" : "{events} events",
    input.bytes,
  );
  let told = 0;
  let result: Pushed;
  try {
    result = await pushItems(items(decoded(input.stream, options.encoding), options.format), pusher, {
      settings,
      from: options.fromLine,
      keepGoing: options.keepGoing ?? false,
      signal,
      onBad: (item, problem) => {
        if (told++ < maxTold) output.complain(`${input.name}, ${placeOf(item)}: ${problem}`);
        else if (told === maxTold + 1) output.complain("more bad values are only counted");
      },
      onItem: () => shown.update(input.bytesRead(), { events: pusher.pushed }),
    });
  } finally {
    shown.end();
    await journal?.close();
  }
  return tell(output, pusher, result, { input, settings, options, signal });
}

interface Call {
  readonly input: Input;
  readonly settings: EventSettings;
  readonly options: Options;
  readonly signal: AbortSignal;
}

function tell(output: Output, { pushed, dropped, done }: Pusher, { bad, failure }: Pushed, call: Call): ExitCode {
  const { input, settings, options, signal } = call;
  const ended = failure === undefined && !signal.aborted && (bad === 0 || options.keepGoing === true);
  if (failure !== undefined) output.complain(`${input.name}: ${failure}`);
  const published = pushed - (dropped ?? 0);
  // JSON has no undefined: null is what nobody knows.
  const duplicates = dropped ?? null;
  if (output.json) output.result({ pushed: published, duplicates, bad, ended, lastLine: done, runId: settings.runId });
  else
    output.print(
      `${options.dryRun ? "Would publish" : "Published"} ${published} ${published === 1 ? "event" : "events"} to ${settings.queue}` +
        `${dropped ? `, ${dropped} dropped as duplicates` : ""}${bad > 0 ? `, ${bad} bad` : ""}.`,
    );
  if (dropped === undefined) output.note("This provider does not tell whether it dropped some of them as duplicates.");
  if (!ended && !options.dryRun) {
    const until = done === 0 ? "Nothing was published." : `Everything up to ${done} was published.`;
    output.note(`${until} To go on: --from-line ${done + 1} --run-id ${settings.runId}`);
  }
  if (signal.aborted) return exitCode.interrupted;
  return ended && bad === 0 ? exitCode.well : exitCode.failed;
}
