import { open } from "node:fs/promises";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../base/error-text.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { backupLine } from "../../hive/backup-line.ts";
import { HiveLog, logOf } from "../../hive/hive-log.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { topicOf } from "./log.ts";

export const logExport: CliCommand = defineCommand<{ readonly to: string }, [topics: string[]]>({
  name: "log export",
  summary: "write the kept events of topics to a file, as a backup",
  description:
    "Writes the kept events of topics, or of all topics that keep theirs, as NDJSON of CloudEvents with their positions " +
    "and times. beehive log import restores them, and all state can be derived from them again.",
  define: (command) =>
    command
      .argument("[topics...]", "Topic- (default: all topics that keep their events)")
      .option("--provider <url>", "the provider of the topics")
      .option("--to <file>", "a new file, or - for the standard output", "-"),
  examples: [
    ["beehive log export --to truths.ndjson", "all kept topics"],
    ["beehive log export OrderAccepted- | gzip > accepted.ndjson.gz", "one topic, compressed"],
  ],
  endsItself: true,
  async run({ provider, output, signal }, { to }, names) {
    const log = logOf(await provider());
    const topics = names.length === 0 ? await log.topics() : names.map(topicOf);
    const logs = topics.map((topic) => new HiveLog(topic, log, signal));
    // Refuses a topic that keeps nothing before anything is written.
    for (const one of logs) await one.range();
    const counts = new Map<QueueName, number>(topics.map((topic) => [topic, 0]));
    async function* lines(): AsyncGenerator<string, void> {
      for (const one of logs)
        for await (const kept of one.read()) {
          if (signal.aborted) return;
          counts.set(one.topic, (counts.get(one.topic) ?? 0) + 1);
          yield `${backupLine(kept)}\n`;
        }
    }
    if (to === "-") await writeOut(output, lines());
    else await pipeline(lines(), await newFile(to));
    if (signal.aborted) return exitCode.interrupted;
    const events = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const text = `Wrote ${events} ${events === 1 ? "event" : "events"} of ${topics.join(", ") || "no topic"}`;
    if (to === "-") output.note(`${text}.`);
    else if (output.json) output.result({ file: to, events, topics: Object.fromEntries(counts) });
    else output.print(`${text} to ${to}.`);
    return exitCode.well;
  },
});

async function writeOut(output: Output, lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) {
    output.write(line);
    await output.taken();
  }
}

/** Events may be confidential, so that this user alone can read the file. */
async function newFile(path: string): Promise<Writable> {
  try {
    return (await open(path, "wx", 0o600)).createWriteStream();
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === "EEXIST";
    const why = taken ? "it exists already, and an export overwrites nothing" : messageOf(cause);
    throw new UsageError(`${path} cannot be written: ${why}`, { cause });
  }
}
