import { systemClock } from "../../base/clock.ts";
import { inBatches } from "../../base/in-batches.ts";
import { printableLine } from "../../base/printable.ts";
import { redact } from "../../base/redact.ts";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import type { Provider } from "../../contract/provider.ts";
import { Acts, type Act } from "../../controls/acts.ts";
import { noDeadLetter } from "../../provider-kit/errors.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import type { ChosenLetter } from "../../hive/letters/choice.ts";
import { choose, named, type ChoiceOptions } from "../dead-letters/choice.ts";
import { filtered, filterOptions, type Filter } from "../dead-letters/filter.ts";
import { bodyText, letterJson, letterText } from "../dead-letters/letter-text.ts";
import { requeueAll, requeueInSteps, type StepsEnd } from "../../hive/letters/requeue-steps.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { duration, whole } from "../option-parsers.ts";
import type { Output } from "../output.ts";
import { confirm } from "../terminal/confirm.ts";
import { progress } from "../terminal/progress.ts";
import { table } from "../text.ts";
import { consumerQueue } from "./queues.ts";

const queueArgument = ["<queue>", "Topic-Subscription or Queue"] as const;
const letterArgument = ["[id]", "the id of a dead letter, or of its event"] as const;
const defaultLimit = 100;
/** Ids that a message lists. */
const maxListed = 10;

const list: CliCommand = defineCommand<Filter, [queue: string]>({
  name: "dead-letters list",
  summary: "list the dead letters of a queue with their reasons",
  define: (command) => filterOptions(command.argument(...queueArgument)),
  description:
    `Lists the dead letters of a queue with their reasons, oldest first, up to --limit (default: ${defaultLimit}). ` +
    "With --json one line for each dead letter, without its body.",
  examples: [
    ["beehive dead-letters list OrderAccepted-Payment", "the oldest dead letters"],
    ["beehive dead-letters list OrderAccepted-Payment --error TypeError --since 2h", "one error in the last two hours"],
  ],
  async run({ output, provider }, filter, queue) {
    const { queues } = await provider();
    const limit = filter.limit ?? defaultLimit;
    const letters: DeadLetter[] = [];
    for await (const letter of filtered(queues.deadLetters(consumerQueue(queue)), { ...filter, limit: limit + 1 })) {
      if (letters.length === limit) {
        output.note(`There are more than ${limit}; --limit shows more.`);
        break;
      }
      if (output.json) output.line(letterJson(letter));
      letters.push(letter);
    }
    if (output.json) return;
    const rows = letters.map(({ id, event, lastSeen, attempts, errorName, reason }) => [
      id,
      event.id,
      event.eventType,
      lastSeen.toISOString(),
      `${attempts}`,
      errorName,
      redact(reason).replaceAll(/\s+/g, " "),
    ]);
    if (rows.length === 0) output.note("No dead letters.");
    else output.print(table(rows, ["LETTER", "EVENT", "TYPE", "DEAD SINCE", "ATTEMPTS", "ERROR", "REASON"]));
  },
});

const show: CliCommand = defineCommand<{ maxBody: number }, [queue: string, id: string]>({
  name: "dead-letters show",
  summary: "show one dead letter with its history and body",
  define: (command) =>
    command
      .argument(...queueArgument)
      .argument("<id>", "the id of the dead letter, or of its event")
      .option("--provider <url>", "the provider of the queue")
      .option("--max-body <n>", "the number of characters of the body to show", whole(), 10_000),
  examples: [
    ["beehive dead-letters show OrderAccepted-Payment 8d0c5b1e-93f5-8f0a-b6f4-5c8e2d1a7b90", "one dead letter"],
  ],
  async run({ output, provider }, { maxBody }, queue, id) {
    const { queues } = await provider();
    for await (const letter of queues.deadLetters(consumerQueue(queue))) {
      if (letter.id !== id && letter.event.id !== id) continue;
      if (output.json) output.result({ ...letterJson(letter), ...bodyText(letter.event, maxBody) });
      else output.print(letterText(letter, maxBody));
      return exitCode.well;
    }
    output.complain(noDeadLetter(consumerQueue(queue), id).message);
    return exitCode.failed;
  },
});

interface RequeueOptions extends ChoiceOptions, AsOptions {
  readonly dryRun?: boolean;
  readonly steps: boolean;
  readonly wait?: number;
}

const requeue: CliCommand = defineCommand<RequeueOptions, [queue: string, id: string | undefined]>({
  name: "dead-letters requeue",
  summary: "move dead letters back to their queue",
  description:
    "Moves dead letters back to the queue that they came from, where they start again with their first attempt. A " +
    "dead letter given by id is requeued at once.\n\nWith a filter or --all it requeues in steps: one, then ten, " +
    "then the rest. After each step it waits until the queue is empty, so workers must be running. It stops and " +
    "ends with 1 when one of the events becomes a dead letter again.",
  define: (command) =>
    asOption(filterOptions(command.argument(...queueArgument).argument(...letterArgument)))
      .option("--all", "requeue all dead letters")
      .option("--dry-run", "print the ids, change nothing")
      .option("--no-steps", "requeue everything at once, without waiting for results")
      .option("--wait <time>", "how long to wait for a step, such as 90s (default: 5m)", duration()),
  examples: [
    ["beehive dead-letters requeue OrderAccepted-Payment 8d0c5b1e-93f5-8f0a-b6f4-5c8e2d1a7b90", "one dead letter"],
    ["beehive dead-letters requeue OrderAccepted-Payment --error BankIsDown", "all of one error, in steps"],
    ["beehive dead-letters requeue OrderAccepted-Payment --all --dry-run", "a preview"],
  ],
  endsItself: true,
  async run({ output, provider, signal }, options, queue, id) {
    const by = operatorOf(options);
    const opened = await provider();
    const { queues } = opened;
    const name = consumerQueue(queue);
    const choice = id === undefined ? await choose(queues, name, options) : named(id, options);
    const { letters } = choice;
    if (options.dryRun) return reportDryRun(output, "requeue", letters);
    let requeued = 0;
    const shown = progress(output, "{bar} {value}/{total} requeued", letters.length);
    const onRequeued = (count: number): void => shown.update((requeued += count));
    const steps = { queues, name, clock: systemClock, signal, waitMs: options.wait ?? 300_000, onRequeued };
    try {
      const end: StepsEnd =
        options.steps && id === undefined
          ? await requeueInSteps(choice, steps)
          : { end: (await requeueAll(letters, steps)) ? "done" : "interrupted" };
      shown.end();
      return reportEnd(output, end, requeued, letters.length);
    } catch (error) {
      if (letters.length > 1) output.note(`Requeued ${requeued} of ${letters.length}, then it failed.`);
      throw error;
    } finally {
      shown.end();
      await recordAct(opened, { by, act: "requeue", on: `${name}` }, requeued, letters);
    }
  },
});

/** Writes down what was done, also of a command that failed or was interrupted in the middle. */
async function recordAct(
  { stores }: Provider,
  act: Pick<Act, "by" | "act" | "on">,
  done: number,
  letters: readonly ChosenLetter[],
): Promise<void> {
  if (done === 0) return;
  const detail = letters.length === 1 ? letters[0]?.id : `${done} of ${letters.length} dead letters`;
  await new Acts(stores, systemClock).record({ ...act, detail });
}

function reportEnd(output: Output, end: StepsEnd, requeued: number, total: number): ExitCode {
  const again = end.end === "dead again" ? end.ids : [];
  if (output.json) output.result({ requeued, of: total, end: end.end, again });
  else output.print(`Requeued ${requeued} of ${total}.`);
  switch (end.end) {
    case "done":
      return exitCode.well;
    case "interrupted":
      return exitCode.interrupted;
    case "dead again":
      output.complain(`${listOfIds(again)} failed again: look at it with dead-letters show.`);
      return exitCode.failed;
    case "unsettled":
      output.complain(
        "stopped, because the requeued events are not settled yet and may still fail. Check that workers are " +
          "running. " +
          "If the queue is never empty, use --no-steps; to wait longer, use --wait.",
      );
      return exitCode.failed;
  }
}

function listOfIds(ids: readonly string[]): string {
  const more = ids.length - maxListed;
  return ids.slice(0, maxListed).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

interface DropOptions extends ChoiceOptions, AsOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const drop: CliCommand = defineCommand<DropOptions, [queue: string, id: string | undefined]>({
  name: "dead-letters drop",
  summary: "delete dead letters",
  description: "Deletes dead letters. Asks for confirmation first; without a terminal it needs --yes.",
  define: (command) =>
    asOption(filterOptions(command.argument(...queueArgument).argument(...letterArgument)))
      .option("--all", "drop all dead letters")
      .option("--dry-run", "print the ids, change nothing")
      .option("--yes", "do not ask for confirmation"),
  examples: [
    ["beehive dead-letters drop OrderAccepted-Payment 8d0c5b1e-93f5-8f0a-b6f4-5c8e2d1a7b90 --yes", "one dead letter"],
    ["beehive dead-letters drop OrderAccepted-Payment --until 30d --dry-run", "a preview of those older than 30 days"],
  ],
  endsItself: true,
  async run({ output, provider, signal }, options, queue, id) {
    const by = operatorOf(options);
    const opened = await provider();
    const { queues } = opened;
    const name = consumerQueue(queue);
    const { letters } = id === undefined ? await choose(queues, name, options) : named(id, options);
    if (options.dryRun) return reportDryRun(output, "drop", letters);
    const { length } = letters;
    const question = `Drop ${length} ${length === 1 ? "dead letter" : "dead letters"} of ${name} for good?`;
    if (length > 0 && !options.yes && !(await confirm(question, output, signal))) {
      output.complain("nothing was dropped.");
      return signal.aborted ? exitCode.interrupted : exitCode.failed;
    }
    let dropped = 0;
    const shown = progress(output, "{bar} {value}/{total} dropped", length);
    try {
      const dropOne = async (one: ChosenLetter): Promise<void> => {
        await queues.drop(name, one.id);
        shown.update(++dropped);
      };
      await inBatches(letters, dropOne, signal);
    } finally {
      shown.end();
      await recordAct(opened, { by, act: "drop", on: `${name}` }, dropped, letters);
    }
    if (output.json) output.result({ dropped, of: length });
    else output.print(`Dropped ${dropped} of ${length}.`);
    return signal.aborted ? exitCode.interrupted : exitCode.well;
  },
});

function reportDryRun(output: Output, what: string, letters: readonly ChosenLetter[]): ExitCode {
  const ids = letters.map(({ eventId }) => eventId);
  const lines = letters
    .slice(0, defaultLimit)
    .map(({ id, eventId }) => printableLine(id === eventId ? id : `${id} ${eventId}`));
  if (output.json) output.result({ dryRun: true, ids, letterIds: letters.map(({ id }) => id) });
  else output.print([`Would ${what} ${letters.length}.`, ...lines].join("\n"));
  return exitCode.well;
}

export const deadLetters: readonly CliCommand[] = [list, show, requeue, drop];
