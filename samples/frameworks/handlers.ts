/** The ingestion of the shop: orders with a token, and orders that a partner signs. */
import type { Hive } from "beehive-actors";
import { githubWebhooks, ingestion, type Ingestion } from "beehive-actors/http";
import { authorize } from "./operators.ts";
import { OrderAccepted } from "./shop.ts";

export function edgeOf(hive: Hive): Ingestion {
  return ingestion(hive, {
    authorize,
    handlers: {
      orders: OrderAccepted,
      partner: {
        signature: githubWebhooks({ secret: process.env["PARTNER_SECRET"] ?? "a secret of the partner" }),
        ingest: ({ items }) => items.map(({ value }) => OrderAccepted.create(OrderAccepted.parse(value))),
      },
    },
  });
}
