import { systemClock } from "../base/clock.ts";
import { safeText } from "../base/safe-text.ts";
import type { Provider } from "../contract/provider.ts";
import { parseProviderUrl } from "../contract/provider-url.ts";
import type { QueueOperator } from "../contract/queue-operator.ts";
import { QueueName } from "../events/queue-name.ts";
import { openProvider, providerModule, withPackages } from "../hive/open-provider.ts";
import { MissingFile, UsageError } from "./exit-code.ts";

/**
 * Opens a provider that other processes work on too.
 *
 * @throws UsageError as {@link assertProviderExists} does.
 */
export async function openExistingProvider(url: string, make: boolean): Promise<Provider> {
  await assertProviderExists(url, make);
  return openProvider(url, { clock: systemClock });
}

/**
 * Asserts that other processes can work on a provider too, and that its file exists.
 *
 * @param make Creates a SQLite file that does not exist. A command that only looks must not: the name may be misspelt.
 * @throws UsageError for `memory:`, and {@link MissingFile} when the file does not exist.
 */
export async function assertProviderExists(url: string, make: boolean): Promise<void> {
  const { scheme } = parseProviderUrl(url);
  const module = await providerModule(scheme);
  if (module?.sharedBetweenProcesses === false)
    throw new UsageError(
      `${scheme}: belongs to one process, and no other process can see into it. Name another provider.`,
    );
  const missing = make || !module ? undefined : await withPackages(module, () => module.missing?.(url));
  if (missing !== undefined)
    throw new MissingFile(`There is no ${missing} ${urlWithoutOptions(url)}. Create it with: beehive setup MODULE`);
}

/** Returns a URL without its options, which may contain a secret. */
export function urlWithoutOptions(url: string): string {
  return safeText(url.trim().split("?", 1)[0] ?? "", 200);
}

/** @throws UsageError when there is no such queue, topic or subscription; suggests the topic of that name. */
export async function assertQueueExists(queues: QueueOperator, name: QueueName): Promise<void> {
  if (await exists(queues, name)) return;
  const topic = QueueName.topic(name.topic);
  const hint = name.kind === "queue" && (await exists(queues, topic)) ? ` There is a topic: write ${topic}` : "";
  throw new UsageError(`There is no ${name.kind} ${name}.${hint || " Create it with: beehive setup MODULE"}`);
}

async function exists(queues: QueueOperator, name: QueueName): Promise<boolean> {
  const spec = { name, ordered: false, leaseMs: 30_000, maxAttempts: 10 };
  const missing = await queues.missing([spec]);
  return missing.length === 0;
}
