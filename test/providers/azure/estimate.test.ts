/** The calls of an estimate beside those that Table storage gets. */
import {
  actorDescription,
  collectionStore,
  counterStore,
  createHive,
  Event,
  identityOf,
  injects,
  silentLogger,
  type CollectionStore,
  type CounterStore,
  type ProcessorActor,
} from "beehive-actors";
import { estimate } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { clientsFrom } from "../../../providers/azure/client.ts";
import { completed } from "../../../providers/azure/config.ts";
import { AzureProvider } from "../../../providers/azure/index.ts";
import { startAzureServers } from "../../support/azure-servers.ts";
import { suite } from "../../support/suite.ts";

const test = suite("azure: an estimate of calls", { timeoutMs: 120_000 });
const events = 30;

interface Total {
  readonly id: string;
  readonly count: number;
}
const Totals = collectionStore<Total>("EstimateTotals");

@actorDescription("OrderTaken-Total")
@injects(Totals, counterStore)
class TotalActor implements ProcessorActor {
  constructor(
    private readonly totals: CollectionStore<Total>,
    private readonly counters: CounterStore,
  ) {}

  async processAsync(event: Event): Promise<void> {
    const total = await this.totals.get(event.getBody<string>());
    await this.totals.update({ ...total, count: total.count + 1 });
    await this.counters.increment("EstimateCount", total.id, 1, { once: identityOf(event) });
  }
}

test("updates and counts cost the calls of the estimate, within 10%", async () => {
  await using servers = await startAzureServers({ cloud: false });
  const { table, container } = await clientsFrom(completed(servers.options, {}));
  let calls = 0;
  table.pipeline.addPolicy({
    name: "count",
    sendRequest: (request, next) => {
      calls++;
      return next(request);
    },
  });
  const provider = await AzureProvider.open({ ...servers.options, storage: { table, container } });
  const hive = await createHive({ actors: TotalActor, provider, logger: silentLogger });
  await hive.setup();
  const ids = Array.from({ length: events }, (_, n) => `${n}`);
  for (const id of ids) await hive.store(Totals).upsert({ id, count: 0 });
  for (const id of ids) await provider.stores.counters.increment("EstimateCount", id, 1);
  calls = 0;
  await hive.push(ids.map((id) => new Event("OrderTaken", id)));
  await hive.start();
  await hive.whenIdle();
  await hive.stop();
  await provider.close();
  const { plans } = await estimate({ actors: TotalActor, rates: events, for: ["azure"] });
  const wanted = (plans[0]?.requests ?? [])
    .filter(({ service }) => service === "Tables")
    .reduce((sum, { perSecond }) => sum + perSecond, 0);
  assert.ok(Math.abs(calls - wanted) <= wanted * 0.1, `${calls} calls where ${wanted} are estimated`);
});

test.run();
