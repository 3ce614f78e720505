import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { defineCommand, type CliCommand } from "../command.ts";
import { UsageError } from "../exit-code.ts";

/** A provider that can copy itself into a file. */
interface Copyable {
  backup(file: string): Promise<void>;
}

export const backup: CliCommand = defineCommand<object, [file: string]>({
  name: "backup",
  summary: "copy a SQLite file while hives work on it",
  description:
    "Writes a copy of everything, as of one moment, to a file that must not exist yet. Hives may work on the original " +
    "meanwhile. The copy is a whole file of its own: open it with sqlite:FILE.",
  define: (command) => command.argument("<file>", "where to write the copy").option("--provider <url>", "what to copy"),
  examples: [["beehive backup monday.db --provider sqlite:./hive.db", "a copy to keep"]],
  async run({ output, provider }, _options, file) {
    if (existsSync(file)) throw new UsageError(`${file} is there already; a backup overwrites nothing.`);
    const from = await provider();
    if (!isCopyable(from)) throw new UsageError(`${from.name}: has backups of its own; this is for sqlite: only.`);
    await from.backup(file);
    const { size } = await stat(file);
    if (output.json) output.result({ file, bytes: size });
    else output.print(`Wrote ${file}, ${size} bytes.`);
  },
});

function isCopyable(provider: object): provider is Copyable {
  return "backup" in provider && typeof provider.backup === "function";
}
