import * as assert from "uvu/assert";
import { systemClock } from "../../src/base/clock.ts";
import { QueueName } from "../../src/events/queue-name.ts";
import { openProvider } from "../../src/hive/open-provider.ts";

/** Asserts that each of `count` jobs of `effects-worker.ts` had all effects once, and that the queues are empty. */
export async function assertOnce(url: string, count: number): Promise<void> {
  const provider = await openProvider(url, { clock: systemClock });
  try {
    const { counters } = provider.stores;
    for (const name of ["Counted", "Noted"]) {
      let sum = 0;
      for (const shard of "0123456789") sum += await counters.get(name, shard);
      assert.is(sum, count, name);
    }
    let effects = 0;
    for await (const _ of provider.stores.collection("Effects").all()) effects++;
    assert.is(effects, 2 * count);
    for (const name of ["Job-Count", "Counted-Note"])
      assert.equal(await provider.queues.counts(QueueName.parse(name)), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  } finally {
    await provider.close();
  }
}
