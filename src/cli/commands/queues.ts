import { sleep, systemClock } from "../../base/clock.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import { printable } from "../../base/printable.ts";
import type { Provider } from "../../contract/provider.ts";
import type { KeyHolder, QueueCounts, QueueOperator } from "../../contract/queue-operator.ts";
import type { LogPosition } from "../../contract/topic-log.ts";
import { QueueName } from "../../events/queue-name.ts";
import { pausesOn, type ActivePause } from "../../controls/pauses.ts";
import { sourcesOf } from "../../controls/sources.ts";
import { Operator } from "../../hive/operator.ts";
import { defineCommand, type CliCommand, type CommandContext } from "../command.ts";

import { exitCode, UsageError, type ExitCode } from "../exit-code.ts";
import { duration } from "../option-parsers.ts";
import type { Output } from "../output.ts";
import { durationText, table } from "../text.ts";

interface Options {
  readonly watch?: boolean;
  readonly interval?: number;
}

/** A line of the table. */
interface Row extends QueueCounts {
  readonly queue: string;
  /** Wait of the oldest ready event, in ms; `null` where the provider does not know. */
  readonly oldestMs: number | null;
  /** The number of events that are due and not settled: ready and leased. */
  readonly lag: number;
  /** The pauses of the subscription: of operators, and of supervision in each process. */
  readonly pauses: readonly ActivePause[];
  /** The number of processes that read it, by their heartbeats; `null` when these cannot be read. */
  readonly readers: number | null;
  /** Events of an ordered queue that hold back their key; `null` where the provider does not know. */
  readonly holders: readonly Omit<KeyHolder, "partitionKey">[] | null;
  /** The place in the log of its topic; `null` when the topic keeps no events. */
  readonly log: LogPosition | null;
}

export const queues: CliCommand = defineCommand<Options, [names: string[]]>({
  name: "queues",
  summary: "show the number of events in each queue",
  description:
    "Shows for each queue how many events are ready, leased, delayed and dead, how long the oldest ready event has " +
    "waited, and the lag: events that are due and not settled. BEHIND counts the events of a kept topic that a " +
    "subscription has not handled.\n\nWithout names it shows the queues that the actors " +
    "of the configured modules read. Without modules it shows all queues of the provider, where the provider can " +
    "list them (sqlite:, postgres:). Clouds report no ages (-).\n\nBelow the table it names pauses of operators and " +
    "of supervision with their reasons, sources and how many records they have yet to read, subscriptions that no process " +
    "reads, and on sqlite: and postgres: events " +
    "that hold back others of their partition key.",
  define: (command) =>
    command
      .argument("[queues...]", "Topic-Subscription or Queue")
      .option("--provider <url>", "the provider of the queues")
      .option("--watch", "repeat until interrupted; with --json one line each time")
      .option(
        "--interval <time>",
        "the time between two looks of --watch, such as 500ms or 5s (default: 2s)",
        duration(100),
      ),
  examples: [
    ["beehive queues --provider sqlite:./hive.db", "all queues of a file"],
    ["beehive queues OrderAccepted-Payment Invoices", "two queues of the provider in BEEHIVE_PROVIDER"],
    ["beehive queues --watch", "a table that is kept up to date"],
    ["beehive queues --json | jq '.[] | select(.dead > 0)'", "the queues with dead letters"],
  ],
  endsItself: true,
  async run(context, { watch, interval = 2_000 }, given) {
    const { output, signal } = context;
    const provider = await context.provider();
    const names = await namesOf(context, given, provider.queues);
    if (!watch) {
      for (const warning of (await provider.warnings?.()) ?? []) output.note(warning);
      return show(output, await rowsOf(provider, names), await sourceLines(provider));
    }
    if (!output.json && !output.interactive)
      throw new UsageError("--watch needs a terminal; with --json it prints one line each time.");
    while (!signal.aborted) {
      const rows = await rowsOf(provider, names);
      if (output.json) output.line(rows);
      else output.write(`${clearScreen}${tableOf(output, rows, await sourceLines(provider))}\n`);
      await sleep(systemClock, interval, signal);
    }
    return exitCode.well;
  },
});

/** Moves to the top left and erases the rest, without flicker. */
const clearScreen = "\u001b[H\u001b[2J";

async function namesOf(
  { settings, application, output }: CommandContext,
  given: readonly string[],
  operator: QueueOperator,
): Promise<readonly QueueName[]> {
  if (given.length > 0) return given.map(consumerQueue);
  if (((await settings()).modules ?? []).length > 0) {
    const { descriptors } = await application([]);
    const read = descriptors.map(({ queueName }) => queueName);
    const known = new Set(read.map(String));
    const others = ((await operator.names?.()) ?? []).filter((name) => !known.has(`${name}`));
    // The subscription of a renamed actor still collects events.
    if (others.length > 0) output.note(`No actor of these modules reads ${others.join(", ")}.`);
    return [...read, ...others];
  }
  const listed = await operator.names?.();
  if (!listed)
    throw new UsageError('This provider cannot list queues: name them, or set "modules" in beehive.config.json.');
  return listed.toSorted((a, b) => (a.toString() < b.toString() ? -1 : 1));
}

/** Returns the queue or subscription of that name. @throws UsageError for a topic, which holds no events. */
export function consumerQueue(text: string): QueueName {
  const name = QueueName.parse(text);
  if (name.kind !== "topic") return name;
  throw new UsageError(`${name} is a topic, which holds no events; name a subscription of it: ${name.topic}-Something`);
}

async function rowsOf(provider: Provider, names: readonly QueueName[]): Promise<Row[]> {
  const { queues } = provider;
  const now = systemClock.now();
  const operator = new Operator(provider);
  // Counts are of use also to those who have no right to the stores.
  const [pauses = [], hives] = await Promise.all([ifReadable(operator.pauses()), ifReadable(operator.hives())]);
  const read = hives?.flatMap(({ subscriptions }) => subscriptions.map(({ queue }) => queue));
  return Promise.all(
    names.map(async (name) => {
      const counts = await countsOf(queues, name);
      const oldest = counts.ready > 0 ? await queues.oldest?.(name) : undefined;
      const oldestMs = oldest === undefined ? null : Math.max(0, now - oldest);
      const holders = (await queues.holders?.(name))?.map(({ partitionKey: _, ...holder }) => holder) ?? null;
      const queue = name.toString();
      return {
        queue,
        ...counts,
        oldestMs,
        lag: counts.ready + counts.leased,
        pauses: pausesOn(pauses, queue),
        readers: read ? read.filter((one) => one === queue).length : null,
        holders,
        log: await positionOf(queues, name),
      };
    }),
  );
}

/** Returns what is read from the stores of a provider; `undefined` when they cannot be read. */
async function ifReadable<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isBeeHiveError(error)) return undefined;
    throw error;
  }
}

async function countsOf(operator: QueueOperator, name: QueueName): Promise<QueueCounts> {
  try {
    return await operator.counts(name);
  } catch (cause) {
    if (!isBeeHiveError(cause, "QueueNotFound")) throw cause;
    throw new UsageError(`There is no ${name.kind} ${name}. Create it with: beehive setup MODULE`, { cause });
  }
}

async function positionOf({ log }: QueueOperator, name: QueueName): Promise<LogPosition | null> {
  try {
    return name.kind === "subscription" ? ((await log?.position(name)) ?? null) : null;
  } catch (error) {
    if (isBeeHiveError(error, "InvalidState")) return null;
    throw error;
  }
}

/** Returns a line for each source that processes read: how far it is behind, and what holds it up. */
async function sourceLines(provider: Provider): Promise<string[]> {
  const operator = new Operator(provider);
  const [pauses = [], hives = []] = await Promise.all([ifReadable(operator.pauses()), ifReadable(operator.hives())]);
  return sourcesOf(hives, pauses).map(({ name, behind, failing, paused }) =>
    [
      `source ${printable(name)}: ${behind === undefined ? "not read yet" : `${behind} records to read`}`,
      ...(failing === undefined ? [] : [`held up by ${printable(failing)}`]),
      ...(paused ? [printable(pauseText(paused))] : []),
    ].join(", "),
  );
}

function show(output: Output, rows: readonly Row[], sources: readonly string[]): ExitCode {
  if (output.json) output.result(rows);
  else output.print(tableOf(output, rows, sources));
  return exitCode.well;
}

function tableOf(output: Output, rows: readonly Row[], sources: readonly string[]): string {
  const kept = rows.some(({ log }) => log !== null);
  const titles = ["QUEUE", "READY", "LEASED", "DELAYED", "DEAD", "OLDEST", "LAG", ...(kept ? ["BEHIND"] : [])];
  const cells = rows.map(({ queue, ready, leased, delayed, dead, oldestMs, lag, log }) => {
    const age = oldestMs === null ? "-" : durationText(oldestMs);
    const behind = kept ? [`${log?.behind ?? "-"}`] : [];
    return [queue, `${ready}`, `${leased}`, `${delayed}`, `${dead}`, age, `${lag}`, ...behind];
  });
  const [title = "", ...lines] = table(cells, titles).split("\n");
  const marked = lines.map((line, index) => ((rows[index]?.dead ?? 0) > 0 ? output.style("red", line) : line));
  const unread = rows.filter(({ readers }) => readers === 0).map(({ queue }) => queue);
  const notes = [...rows.flatMap(notesOf), ...sources, ...(unread.length > 0 ? [unreadText(unread, rows)] : [])];
  return [output.style("bold", title), ...marked, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}

/** Events shown for each queue that hold back others. */
const maxHolders = 3;

function notesOf({ queue, pauses, holders }: Row): string[] {
  const held = (holders ?? []).slice(0, maxHolders).map(({ eventId, attempts, state, behind }) => {
    const tried = attempts === 1 ? "once" : `${attempts} times`;
    return `${queue}: ${printable(eventId)} (${state}, tried ${tried}) holds back ${behind} of its key`;
  });
  return [...pauses.map((pause) => `${queue}: ${printable(pauseText(pause))}`), ...held];
}

/** Returns a pause in words, without its subscription. */
function pauseText({ by, operator, reason, until, hive }: ActivePause): string {
  const place = hive === undefined ? "paused" : `paused in process ${hive.slice(0, 8)}`;
  const end = until ? ` until ${until.toISOString()}` : "";
  return `${place} by ${operator ?? by}${end}: ${reason}`;
}

/** The most queues that are named when none is read. */
const maxNamed = 5;

/** Says that no process is at work when nothing is read: all names would say less. */
function unreadText(unread: readonly string[], rows: readonly Row[]): string {
  const which = unread.length > maxNamed && unread.length === rows.length ? "any of them" : unread.join(", ");
  return `No process reads ${which}. Functions of a cloud are not seen here.`;
}
