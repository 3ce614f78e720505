import type { Codec } from "../contract/codec.ts";
import type { Provider } from "../contract/provider.ts";
import { withCodec } from "../hive/open-provider.ts";
import { loadApplication } from "./application.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./exit-code.ts";
import { importFile } from "./import-file.ts";
import { openExistingProvider } from "./open-existing-provider.ts";
import type { Output } from "./output.ts";
import { readSettings, type Settings } from "./settings.ts";

/** A context with a function that closes everything opened through it. */
export interface OwnedContext extends CommandContext {
  readonly close: () => Promise<void>;
}

/** Makes the context of a command from its name and its options. */
export function contextOf(
  command: string,
  flags: Readonly<Record<string, unknown>>,
  output: Output,
  signal: AbortSignal,
): OwnedContext {
  let settings: Promise<Settings> | undefined;
  let provider: Promise<Provider> | undefined;
  const readOnce = (): Promise<Settings> =>
    (settings ??= readSettings({ command, flags, environment: process.env, folder: process.cwd() }));
  return {
    output,
    signal,
    settings: readOnce,
    application: async (modules, more) => loadApplication(modules, await readOnce(), more),
    provider: ({ make = false } = {}) => (provider ??= readOnce().then((read) => open(read, make))),
    // A provider that could not be opened was reported already.
    close: async () => (await provider?.catch(() => undefined))?.close(),
  };
}

async function open({ provider, codec }: Settings, make: boolean): Promise<Provider> {
  if (provider !== undefined)
    return withCodec(
      await openExistingProvider(provider, make),
      codec === undefined ? undefined : await codecIn(codec),
    );
  throw new UsageError(
    'Name a provider: --provider sqlite:./hive.db, BEEHIVE_PROVIDER, or "provider" in beehive.config.json.',
  );
}

/** Returns the codec that a module exports. @throws UsageError when it exports none. */
async function codecIn(path: string): Promise<Codec> {
  const { codec } = await importFile(path);
  if (typeof (codec as Partial<Codec> | undefined)?.decode === "function") return codec as Codec;
  throw new UsageError(`${path} exports no codec: export const codec = compressed().`);
}
