import type { Provider } from "../contract/provider.ts";
import type { QueueCounts, QueueSpec } from "../contract/queue-operator.ts";
import type { QueueName } from "../events/queue-name.ts";
import { operate } from "../hive/operate.ts";
import { exitCode, UsageError, type ExitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";
import { confirm } from "./terminal/confirm.ts";
import { table } from "./text.ts";

/** A subscription or queue that nobody reads, and what it holds. */
interface Unread extends QueueCounts {
  readonly name: QueueName;
}

/**
 * Returns the subscriptions and queues that the specs do not name and no running hive reads.
 *
 * @throws UsageError when the provider cannot list its queues.
 */
async function unreadQueues(provider: Provider, specs: readonly QueueSpec[]): Promise<readonly Unread[]> {
  const { queues } = provider;
  const names = await queues.names?.();
  if (!names)
    throw new UsageError(`${provider.name} cannot list its queues, so that it does not know which nobody reads.`);
  const hives = await (await operate(provider)).hives();
  const read = new Set([
    ...specs.map(({ name }) => name.toString()),
    ...hives.flatMap(({ subscriptions }) => subscriptions.map(({ queue }) => queue)),
  ]);
  const unread = names.filter((name) => !read.has(name.toString()));
  return await Promise.all(unread.map(async (name) => ({ name, ...(await queues.counts(name)) })));
}

/** How to prune. */
export interface PruneOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
  /** The operator, for the record of acts. */
  readonly by: string;
  readonly signal: AbortSignal;
}

/** Deletes what nobody reads, after a confirmation. */
export async function prune(
  output: Output,
  provider: Provider,
  specs: readonly QueueSpec[],
  { dryRun, yes, by, signal }: PruneOptions,
): Promise<ExitCode> {
  const unread = await unreadQueues(provider, specs);
  const rows = unread.map(({ name, ready, leased, delayed, dead }) => ({
    name: name.toString(),
    kind: name.kind,
    waiting: ready + leased + delayed,
    dead,
    state: dryRun ? "to be deleted" : "deleted",
  }));
  if (unread.length > 0 && !dryRun && !yes) {
    const lost = rows.reduce((sum, { waiting, dead }) => sum + waiting + dead, 0);
    const question = `Delete ${rows.map(({ name }) => name).join(", ")} with ${lost} events for good?`;
    if (!(await confirm(question, output, signal))) {
      output.complain("nothing was deleted.");
      return signal.aborted ? exitCode.interrupted : exitCode.failed;
    }
  }
  if (!dryRun) {
    const { acts } = (await operate(provider)).controls;
    for (const { name } of unread) {
      await provider.queues.delete(name);
      await acts.record({ by, act: "delete", on: name.toString(), detail: undefined });
    }
  }
  if (output.json) output.result(rows);
  else if (rows.length === 0) output.note("Every subscription and queue is read.");
  else {
    const cells = rows.map(({ name, kind, waiting, dead, state }) => [name, kind, `${waiting}`, `${dead}`, state]);
    output.print(table(cells, ["NAME", "KIND", "WAITING", "DEAD", "STATE"]));
  }
  return exitCode.well;
}
