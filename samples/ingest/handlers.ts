/** The makers of events: `readings` and `overheat` join the same requests. */
import { injects, type CollectionStore } from "beehive-actors";
import { standardWebhooks, type IngestHandler, type IngestRequest, type IngestSource } from "beehive-actors/http";
import { Limits, OverheatSeen, Payment, PaymentReceived, Reading, ReadingTaken } from "./events.ts";

const ofDevices = ({ headers }: IngestRequest): boolean => headers.get("x-sent-by") === "gateway";

/** Every reading is an event. */
const readings: IngestHandler = {
  join: ofDevices,
  schema: Reading,
  ingest: ({ items }) =>
    items.map(({ value }) => {
      const reading = value as Reading;
      return ReadingTaken.create(reading, { partitionKey: reading.device });
    }),
};

/** A reading above the limit of its device is one more event. A class, for the sake of its store. */
@injects(Limits)
class Overheat implements IngestHandler {
  readonly timeout = "2s";
  readonly limits: CollectionStore<{ id: string; celsius: number }>;

  constructor(limits: CollectionStore<{ id: string; celsius: number }>) {
    this.limits = limits;
  }

  join(request: IngestRequest) {
    return ofDevices(request);
  }

  async *ingest({ items }: IngestRequest) {
    for (const { value } of items) {
      const { device, celsius } = value as Reading;
      const limit = (await this.limits.find(device))?.celsius ?? 60;
      if (celsius > limit) yield OverheatSeen.create({ device, celsius }, { partitionKey: device });
    }
  }
}

/** @param secret The secret that the payment service signs with. */
export function handlersFor(secret: string): Record<string, IngestSource> {
  return {
    readings,
    overheat: Overheat,
    payments: {
      signature: standardWebhooks({ secret }),
      schema: Payment,
      ingest: ({ items }) =>
        items.map(({ value }) => PaymentReceived.create(value as { order: string; cents: number })),
    },
  };
}
