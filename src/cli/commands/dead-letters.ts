import { systemClock } from "../../base/clock.ts";
import type { DeadLetter } from "../../contract/dead-letter.ts";
import { inBatches } from "../../base/in-batches.ts";
import { noDeadLetter } from "../../provider-kit/errors.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { choose, named, type ChoiceOptions, type ChosenLetter } from "../dead-letters/choice.ts";
import { filtered, filterOptions, type Filter } from "../dead-letters/filter.ts";
import { bodyText, letterJson, letterText } from "../dead-letters/letter-text.ts";
import { requeueAll, requeueInSteps, type StepsEnd } from "../dead-letters/requeue-steps.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { whole } from "../options.ts";
import type { Output } from "../output.ts";
import { printableLine } from "../../base/printable.ts";
import { progress } from "../progress.ts";
import { redact } from "../../base/redact.ts";
import { table } from "../table.ts";
import { consumerQueue } from "./queues.ts";

const queueArgument = ["<queue>", "Topic-Subscription or Queue"] as const;
const shownUnlessSaid = 100;
/** How many ids a message names. */
const maxTold = 10;

const list: CliCommand = defineCommand<Filter, [queue: string]>({
  name: "dead-letters list",
  summary: "list what was given up on a queue and why",
  define: (command) => filterOptions(command.argument(...queueArgument)),
  description: `Lists the dead letters of a queue, oldest first, ${shownUnlessSaid} unless --limit says. With --json one line each, without bodies.`,
  examples: [
    ["beehive dead-letters list OrderAccepted-Payment", "the oldest"],
    ["beehive dead-letters list OrderAccepted-Payment --error TypeError --since 2h", "of one error, lately"],
  ],
  async run({ output, provider }, filter, queue) {
    const { queues } = await provider();
    const limit = filter.limit ?? shownUnlessSaid;
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
    if (rows.length === 0) output.note("There are none.");
    else output.print(table(rows, ["LETTER", "EVENT", "TYPE", "GIVEN UP", "ATTEMPTS", "ERROR", "REASON"]));
  },
});

const show: CliCommand = defineCommand<{ maxBody: number }, [queue: string, id: string]>({
  name: "dead-letters show",
  summary: "show one dead letter, its history and its body",
  define: (command) =>
    command
      .argument(...queueArgument)
      .argument("<id>", "the id of the letter, or of its event")
      .option("--provider <url>", "where to look")
      .option("--max-body <n>", "how many characters of the body to show", whole(), 10_000),
  examples: [
    ["beehive dead-letters show OrderAccepted-Payment 8d0c5b1e-93f5-8f0a-b6f4-5c8e2d1a7b90", "all that is known of it"],
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

interface RequeueOptions extends ChoiceOptions {
  readonly dryRun?: boolean;
  readonly steps: boolean;
  readonly wait: number;
}

const requeue: CliCommand = defineCommand<RequeueOptions, [queue: string, id: string | undefined]>({
  name: "dead-letters requeue",
  summary: "send dead letters back to their queue",
  description:
    "Sends dead letters back to the one queue they came from, their attempts forgotten. One that is named goes at once. " +
    "Those of a filter, or all, go in steps: one, then ten, then the rest. After each step it waits until the queue is " +
    "empty, which needs workers elsewhere, and stops, as a failure, when one of them dies again.",
  define: (command) =>
    filterOptions(command.argument(...queueArgument).argument("[id]", "the id of a letter, or of an event"))
      .option("--all", "all of them")
      .option("--dry-run", "say which, change nothing")
      .option("--no-steps", "all at once, without looking what becomes of them")
      .option("--wait <ms>", "how long a step may take", whole(), 300_000),
  examples: [
    ["beehive dead-letters requeue OrderAccepted-Payment 8d0c5b1e-93f5-8f0a-b6f4-5c8e2d1a7b90", "one"],
    ["beehive dead-letters requeue OrderAccepted-Payment --error BankIsDown", "those of one error, in steps"],
    ["beehive dead-letters requeue OrderAccepted-Payment --all --dry-run", "how many it would be"],
  ],
  endsItself: true,
  async run({ output, provider, signal }, options, queue, id) {
    const { queues } = await provider();
    const name = consumerQueue(queue);
    const choice = id === undefined ? await choose(queues, name, options) : named(id, options);
    const { letters } = choice;
    if (options.dryRun) return tellDryRun(output, "send back", letters);
    let requeued = 0;
    const shown = progress(output, "{bar} {value}/{total} sent back", letters.length);
    const onRequeued = (count: number): void => shown.update((requeued += count));
    const steps = { queues, name, clock: systemClock, signal, waitMs: options.wait, onRequeued };
    try {
      const end: StepsEnd =
        options.steps && id === undefined
          ? await requeueInSteps(choice, steps)
          : { end: (await requeueAll(letters, steps)) ? "done" : "interrupted" };
      shown.end();
      return tellEnd(output, end, requeued, letters.length);
    } catch (error) {
      if (letters.length > 1) output.note(`Sent back ${requeued} of ${letters.length}, then it failed.`);
      throw error;
    } finally {
      shown.end();
    }
  },
});

function tellEnd(output: Output, end: StepsEnd, requeued: number, total: number): ExitCode {
  const again = end.end === "dead again" ? end.ids : [];
  if (output.json) output.result({ requeued, of: total, end: end.end, again });
  else output.print(`Sent back ${requeued} of ${total}.`);
  switch (end.end) {
    case "done":
      return exitCode.well;
    case "interrupted":
      return exitCode.interrupted;
    case "dead again":
      output.complain(`${tellAgain(again)} died again: look at it with dead-letters show.`);
      return exitCode.failed;
    case "unsettled":
      output.complain(
        "stopped, because what was sent back is not settled: are workers running, or is the queue never empty? " +
          "Nobody knows yet whether it dies again. --wait waits longer, --no-steps does not wait.",
      );
      return exitCode.failed;
  }
}

function tellAgain(ids: readonly string[]): string {
  const more = ids.length - maxTold;
  return ids.slice(0, maxTold).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

interface DropOptions extends ChoiceOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const drop: CliCommand = defineCommand<DropOptions, [queue: string, id: string | undefined]>({
  name: "dead-letters drop",
  summary: "remove dead letters for good",
  description: "Removes dead letters for good. Asks before it does; where nobody can be asked it needs --yes.",
  define: (command) =>
    filterOptions(command.argument(...queueArgument).argument("[id]", "the id of a letter, or of an event"))
      .option("--all", "all of them")
      .option("--dry-run", "say which, change nothing")
      .option("--yes", "do not ask"),
  examples: [
    ["beehive dead-letters drop OrderAccepted-Payment 8d0c5b1e-93f5-8f0a-b6f4-5c8e2d1a7b90 --yes", "one"],
    ["beehive dead-letters drop OrderAccepted-Payment --until 30d --dry-run", "what is older than thirty days"],
  ],
  endsItself: true,
  async run({ output, provider, signal }, options, queue, id) {
    const { queues } = await provider();
    const name = consumerQueue(queue);
    const { letters } = id === undefined ? await choose(queues, name, options) : named(id, options);
    if (options.dryRun) return tellDryRun(output, "drop", letters);
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
    }
    if (output.json) output.result({ dropped, of: length });
    else output.print(`Dropped ${dropped} of ${length}.`);
    return signal.aborted ? exitCode.interrupted : exitCode.well;
  },
});

function tellDryRun(output: Output, what: string, letters: readonly ChosenLetter[]): ExitCode {
  const ids = letters.map(({ eventId }) => eventId);
  const lines = letters
    .slice(0, shownUnlessSaid)
    .map(({ id, eventId }) => printableLine(id === eventId ? id : `${id} ${eventId}`));
  if (output.json) output.result({ dryRun: true, ids, letterIds: letters.map(({ id }) => id) });
  else output.print([`Would ${what} ${letters.length}.`, ...lines].join("\n"));
  return exitCode.well;
}

export const deadLetters: readonly CliCommand[] = [list, show, requeue, drop];
