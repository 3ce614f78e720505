import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { registeredProvider } from "../../contract/provider-module.ts";
import { defineCommand, type CliCommand } from "../command.ts";
import { UsageError } from "../exit-code.ts";

/** A provider that can copy its data into a file. */
interface Copyable {
  backup(file: string): Promise<void>;
}

export const backup: CliCommand = defineCommand<object, [file: string]>({
  name: "backup",
  summary: "copy a SQLite file while hives work on it",
  description:
    "Writes a snapshot of a SQLite file to another file, which must not exist. Hives may keep working on the " +
    "original. The copy is complete by itself: open it with sqlite:FILE.",
  define: (command) => command.argument("<file>", "the file to write").option("--provider <url>", "the file to copy"),
  examples: [["beehive backup monday.db --provider sqlite:./hive.db", "a copy to keep"]],
  async run({ output, provider }, _options, file) {
    if (existsSync(file)) throw new UsageError(`${file} exists already. Name a new file: a backup overwrites nothing.`);
    const from = await provider();
    if (!isCopyable(from)) {
      const advice = registeredProvider(from.name)?.backupAdvice;
      throw new UsageError(
        `${from.name}: cannot be copied by beehive backup, which is for sqlite: only.${advice ? ` ${advice}` : ""}`,
      );
    }
    await from.backup(file);
    const { size } = await stat(file);
    if (output.json) output.result({ file, bytes: size });
    else output.print(`Wrote ${file}, ${size} bytes.`);
  },
});

function isCopyable(provider: object): provider is Copyable {
  return "backup" in provider && typeof provider.backup === "function";
}
