import { existsSync } from "node:fs";
import { systemClock } from "../clock.ts";
import { openProvider } from "../open-provider.ts";
import type { Provider } from "../provider.ts";
import { loadApplication } from "./application.ts";
import type { CommandContext } from "./command.ts";
import { MissingFile, UsageError } from "./exit-code.ts";
import type { Output } from "./output.ts";
import { readSettings, type Settings } from "./settings.ts";

/** A context, and what lets go of all that was opened through it. */
export interface OwnedContext extends CommandContext {
  readonly close: () => Promise<void>;
}

/** What a command is run with, made from its options. */
export function contextOf(flags: Readonly<Record<string, unknown>>, output: Output, signal: AbortSignal): OwnedContext {
  let settings: Promise<Settings> | undefined;
  let provider: Promise<Provider> | undefined;
  const readOnce = (): Promise<Settings> =>
    (settings ??= readSettings({ flags, environment: process.env, folder: process.cwd() }));
  return {
    output,
    signal,
    settings: readOnce,
    application: async (modules) => loadApplication(modules, await readOnce()),
    provider: ({ make = false } = {}) => (provider ??= readOnce().then((read) => open(read, make))),
    // One that could not be opened has been complained about.
    close: async () => (await provider?.catch(() => undefined))?.close(),
  };
}

async function open({ provider }: Settings, make: boolean): Promise<Provider> {
  if (provider === undefined)
    throw new UsageError(
      'Name a provider: --provider sqlite:./hive.db, BEEHIVE_PROVIDER, or "provider" in beehive.config.json.',
    );
  if (/^memory:/i.test(provider))
    throw new UsageError(
      "memory: lives and ends with one process; nothing can be seen of it from another. Name another provider.",
    );
  if (!make && /^sqlite:/i.test(provider)) await assertFile(provider);
  return openProvider(provider, { clock: systemClock });
}

/** Opening a SQLite file makes it, which is not what somebody wants who looks into one and misspells its name. */
async function assertFile(url: string): Promise<void> {
  const { configFrom } = await import("../../providers/sqlite/config.ts");
  const { file } = configFrom(url);
  if (!existsSync(file)) throw new MissingFile(`There is no file ${file}. Make it with: beehive setup MODULE`);
}
