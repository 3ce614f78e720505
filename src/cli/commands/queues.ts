import { sleep, systemClock } from "../../base/clock.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import { QueueName } from "../../events/queue-name.ts";
import { printable } from "../../base/printable.ts";
import type { Provider } from "../../contract/provider.ts";
import type { KeyHolder, QueueCounts, QueueOperator } from "../../contract/queue-operator.ts";
import { defaultJournal, journalOf } from "../../journal/open-journal.ts";
import { recentPauses, type RecentPause } from "../../journal/recent-pauses.ts";
import { defineCommand, type CliCommand, type CommandContext } from "../command.ts";
import { duration } from "../duration.ts";
import { exitCode, UsageError, type ExitCode } from "../exit-code.ts";
import { whole } from "../options.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";

interface Options {
  readonly watch?: boolean;
  readonly interval: number;
}

/** One queue as it is shown. */
interface Row extends QueueCounts {
  readonly queue: string;
  /** How long the oldest ready event has waited, in ms; `null` where the provider does not tell. */
  readonly oldestMs: number | null;
  /** Events that are due and not done: ready and leased. */
  readonly lag: number;
  /** Why a process takes no events of it now; `null` when none is known to. */
  readonly paused: RecentPause | null;
  /** The events of an ordered queue that hold back others of their key; `null` where the provider does not tell. */
  readonly holders: readonly Omit<KeyHolder, "partitionKey">[] | null;
}

export const queues: CliCommand = defineCommand<Options, [names: string[]]>({
  name: "queues",
  summary: "show how many events are where",
  description:
    "Shows for each queue how many events are ready, leased, delayed and dead, how long the oldest ready one has waited, " +
    "and the lag: what is due and not done yet. Which queues: those that are named, else those that the actors of the " +
    "configured modules read, else all of the provider where it can list them (sqlite:). Clouds tell no ages: -. On sqlite: it " +
    "tells as well which subscription a process has paused, from the journal, and which events hold back others of their " +
    "partition key; elsewhere, and for each process, GET /ready of the workers tells (health in beehive.config.json).",
  define: (command) =>
    command
      .argument("[queues...]", "Topic-Subscription or Queue")
      .option("--provider <url>", "where to look")
      .option("--watch", "show it again and again; with --json one line each time")
      .option("--interval <ms>", "how often to look with --watch", whole(100), 2_000),
  examples: [
    ["beehive queues --provider sqlite:./hive.db", "all of a file"],
    ["beehive queues OrderAccepted-Payment Invoices", "two, where BEEHIVE_PROVIDER says"],
    ["beehive queues --watch", "kept up to date on a terminal"],
    ["beehive queues --json | jq '.[] | select(.dead > 0)'", "those with dead letters"],
  ],
  endsItself: true,
  async run(context, { watch, interval }, given) {
    const { output, signal } = context;
    const provider = await context.provider();
    const names = await namesOf(context, given, provider.queues);
    if (!watch) return show(output, await rowsOf(provider, names));
    if (!output.json && !output.interactive)
      throw new UsageError("--watch needs a terminal; with --json it prints one line each time.");
    while (!signal.aborted) {
      const rows = await rowsOf(provider, names);
      if (output.json) output.line(rows);
      else output.write(`${clearScreen}${tableOf(output, rows)}\n`);
      await sleep(systemClock, interval, signal);
    }
    return exitCode.well;
  },
});

/** Moves to the top left and erases what is below: no flicker, and nothing is left of a longer table. */
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
    // A subscription whose actor was renamed goes on to gather events.
    if (others.length > 0) output.note(`No actor of these modules reads ${others.join(", ")}.`);
    return [...read, ...others];
  }
  const listed = await operator.names?.();
  if (!listed) throw new UsageError('This provider lists no queues: name them, or "modules" in beehive.config.json.');
  return listed.toSorted((a, b) => (a.toString() < b.toString() ? -1 : 1));
}

/** A queue or subscription; a topic holds no events. */
export function consumerQueue(text: string): QueueName {
  const name = QueueName.parse(text);
  if (name.kind !== "topic") return name;
  throw new UsageError(`${name} is a topic, which holds no events; name a subscription of it: ${name.topic}-Something`);
}

async function rowsOf(provider: Provider, names: readonly QueueName[]): Promise<Row[]> {
  const { queues: operator } = provider;
  const now = systemClock.now();
  const pauses = defaultJournal(provider) === "stored" ? await recentPauses(journalOf(provider), now) : undefined;
  return Promise.all(
    names.map(async (name) => {
      const counts = await countsOf(operator, name);
      const oldest = counts.ready > 0 ? await operator.oldest?.(name) : undefined;
      const oldestMs = oldest === undefined ? null : Math.max(0, now - oldest);
      const paused = pauses?.get(name.toString()) ?? null;
      const holders = (await operator.holders?.(name))?.map(({ partitionKey: _, ...holder }) => holder) ?? null;
      return { queue: name.toString(), ...counts, oldestMs, lag: counts.ready + counts.leased, paused, holders };
    }),
  );
}

async function countsOf(operator: QueueOperator, name: QueueName): Promise<QueueCounts> {
  try {
    return await operator.counts(name);
  } catch (cause) {
    if (!isBeeHiveError(cause, "QueueNotFound")) throw cause;
    throw new UsageError(`There is no ${name.kind} ${name}. Make it with: beehive setup MODULE`, { cause });
  }
}

function show(output: Output, rows: readonly Row[]): ExitCode {
  if (output.json) output.result(rows);
  else output.print(tableOf(output, rows));
  return exitCode.well;
}

function tableOf(output: Output, rows: readonly Row[]): string {
  const titles = ["QUEUE", "READY", "LEASED", "DELAYED", "DEAD", "OLDEST", "LAG"];
  const cells = rows.map(({ queue, ready, leased, delayed, dead, oldestMs, lag }) => {
    const age = oldestMs === null ? "-" : duration(oldestMs);
    return [queue, `${ready}`, `${leased}`, `${delayed}`, `${dead}`, age, `${lag}`];
  });
  const [title = "", ...lines] = table(cells, titles).split("\n");
  const marked = lines.map((line, index) => ((rows[index]?.dead ?? 0) > 0 ? output.style("red", line) : line));
  const notes = rows.flatMap(notesOf);
  return [output.style("bold", title), ...marked, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}

/** So many events that hold back others are told for each queue. */
const maxHolders = 3;

function notesOf({ queue, paused, holders }: Row): string[] {
  const held = (holders ?? [])
    .slice(0, maxHolders)
    .map(
      ({ eventId, attempts, state, behind }) =>
        `${queue}: ${printable(eventId)} (${state}, tried ${attempts === 1 ? "once" : `${attempts} times`}) holds back ${behind} of its key`,
    );
  const pause = paused
    ? [`${queue}: paused in a process until ${new Date(paused.until).toISOString()} by ${paused.by}`]
    : [];
  return [...pause, ...held];
}
