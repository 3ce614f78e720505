import { createReadStream } from "node:fs";
import type { Provider } from "../../contract/provider.ts";
import type { KeepRule } from "../../contract/topic-log.ts";
import { messageOf } from "../../base/error-text.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { eventOfLine } from "../../hive/backup-line.ts";
import { logOf } from "../../hive/hive-log.ts";
import { Restoration, type Restored } from "../../hive/restore.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import { decoded } from "../input/decoded.ts";
import { lines } from "../input/lines.ts";

export const logImport: CliCommand = defineCommand<object, [file: string]>({
  name: "log import",
  summary: "restore the kept events of topics from a backup",
  description:
    "Restores the events of a file that beehive log export wrote, with their ids, times and positions. Events that are " +
    "there already are counted and left alone, so an import that failed is repeated as it is. Topics that do not " +
    "exist are made, and keep their events for ever until a hive says otherwise. No subscription gets the events as " +
    "new ones: derive state from them with beehive rewind, or with a subscription from the beginning. Nothing may " +
    "publish to these topics meanwhile.",
  define: (command) =>
    command
      .argument("<file>", "a file, or - for the standard input")
      .option("--provider <url>", "the provider to restore to"),
  examples: [
    ["beehive log import truths.ndjson --provider sqlite:./new.db", "all topics of a backup"],
    ["zcat accepted.ndjson.gz | beehive log import - --provider postgres://db.example/shop", "from a pipe"],
  ],
  endsItself: true,
  async run({ provider, output, signal }, _options, file) {
    const to = await provider({ make: true });
    const restoring = new Restoring(to);
    const input = file === "-" ? process.stdin : createReadStream(file);
    const release = (): void => void input.destroy();
    signal.addEventListener("abort", release, { once: true });
    let line = 0;
    try {
      for await (const item of lines(decoded(input, "utf-8"))) {
        line = item.line;
        await restoring.add(item.text);
      }
    } catch (cause) {
      if (signal.aborted) return exitCode.interrupted;
      const where = line === 0 ? file : `${file}, line ${line}`;
      if (line === 0 || isBeeHiveError(cause, "InvalidEvent"))
        throw new UsageError(`${where}: ${messageOf(cause)}`, { cause });
      throw cause;
    } finally {
      release();
    }
    const { restored, present, topics } = await restoring.end();
    if (output.json) output.result({ restored, present, topics: topics.map(String) });
    else {
      const there = present > 0 ? `, ${present} ${present === 1 ? "was" : "were"} there already` : "";
      output.print(
        `Restored ${restored} ${restored === 1 ? "event" : "events"} of ${topics.join(", ") || "no topic"}${there}.`,
      );
    }
    return exitCode.well;
  },
});

const forEver: KeepRule = { forMs: Infinity, maxBytes: Infinity, compact: false, evenUnread: false };

/** Restores lines of several topics, and makes those that are missing. */
class Restoring {
  readonly #to: Provider;
  readonly #topics = new Map<string, { readonly topic: QueueName; readonly restoration: Restoration }>();

  constructor(to: Provider) {
    this.#to = to;
  }

  async add(line: string): Promise<void> {
    const { topic, ...kept } = eventOfLine(line);
    const name = topic.toString();
    let found = this.#topics.get(name);
    if (!found) {
      await this.#make(topic);
      found = { topic, restoration: new Restoration(topic, logOf(this.#to)) };
      this.#topics.set(name, found);
    }
    await found.restoration.add(kept);
  }

  async #make(topic: QueueName): Promise<void> {
    const spec = { name: topic, ordered: true, leaseMs: 30_000, maxAttempts: 10, keep: forEver };
    if ((await this.#to.queues.missing([spec])).length > 0) await this.#to.queues.ensure([spec]);
  }

  async end(): Promise<Restored & { readonly topics: readonly QueueName[] }> {
    let [restored, present] = [0, 0];
    for (const { restoration } of this.#topics.values()) {
      const done = await restoration.end();
      restored += done.restored;
      present += done.present;
    }
    return { restored, present, topics: [...this.#topics.values()].map(({ topic }) => topic) };
  }
}
