import * as assert from "uvu/assert";
import type { Provider } from "../../src/contract/provider.ts";

/** Closes a provider while a lock is held, and checks that the holder is notified. */
export async function closeHolding(provider: Provider): Promise<void> {
  const lock = await provider.stores.locks.tryLock("held to the end", { ttl: 60_000 });
  await provider.close();
  assert.is((lock?.signal.reason as { code?: unknown } | undefined)?.code, "LockLost");
}
