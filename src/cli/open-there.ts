import { systemClock } from "../base/clock.ts";
import { openProvider, providerModule } from "../hive/open-provider.ts";
import type { Provider } from "../contract/provider.ts";
import { parseProviderUrl } from "../contract/provider-url.ts";
import { safeText } from "../base/safe-text.ts";
import { MissingFile, UsageError } from "./exit-code.ts";

/**
 * Opens a provider that others are at work on too.
 *
 * @param make whether a SQLite file that is not there is made: not what somebody wants who looks into one and misspells
 *   its name. The clouds make nothing when they are opened.
 * @throws UsageError when nothing can be seen there, {@link MissingFile} when there is no such file.
 */
export async function openThere(url: string, make: boolean): Promise<Provider> {
  const { scheme } = parseProviderUrl(url);
  const module = await providerModule(scheme);
  if (module?.sharedBetweenProcesses === false)
    throw new UsageError(
      `${scheme}: lives and ends with one process; nothing can be seen of it from another. Name another provider.`,
    );
  const missing = make ? undefined : await module?.missing?.(url);
  if (missing !== undefined)
    throw new MissingFile(`There is no ${missing} ${placeOf(url)}. Make it with: beehive setup MODULE`);
  return openProvider(url, { clock: systemClock });
}

/** A URL without its options, among which somebody may have put a secret. */
export function placeOf(url: string): string {
  return safeText(url.trim().split("?", 1)[0] ?? "", 200);
}
