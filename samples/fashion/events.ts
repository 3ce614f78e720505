import { collectionStore, eventType } from "beehive-actors";
import * as v from "valibot";

/** Each line of a brand's lists has a revision: lines come in any order, and the newest counts. */
const line = v.object({ sku: v.string(), revision: v.number() });
const description = v.object({ brand: v.string(), name: v.string(), category: v.string(), colour: v.string() });

export const ProductDescribed = eventType("ProductDescribed", v.object({ ...line.entries, ...description.entries }), {
  entry: true,
});
export const StockReported = eventType("StockReported", v.object({ ...line.entries, quantity: v.number() }), {
  entry: true,
});
/** Without a price the product is no longer for sale. */
export const PriceListed = eventType("PriceListed", v.object({ ...line.entries, price: v.nullable(v.number()) }), {
  entry: true,
});

/** The effect of a line on a product for sale. */
export const changes = ["added", "described", "restocked", "soldOut", "repriced", "withdrawn"] as const;
export type Change = (typeof changes)[number];

const enriched = v.object({
  sku: v.string(),
  ...description.entries,
  quantity: v.number(),
  price: v.number(),
  change: v.picklist(changes),
});
export type Enriched = v.InferOutput<typeof enriched>;

/** A product for sale, with all that is known of it. The newest event of each product is kept for ever. */
export const ProductEnriched = eventType("ProductEnriched", enriched);
/** Ends a product on the same topic: it has no body, so that compaction removes the product. */
export const ProductWithdrawn = eventType<undefined>("ProductWithdrawn", undefined, { queueName: "ProductEnriched-" });

/** The newest line of each list for one product. */
export interface Product {
  readonly id: string;
  readonly described?: Line<typeof ProductDescribed>;
  readonly stock?: Line<typeof StockReported>;
  readonly listed?: Line<typeof PriceListed>;
}
type Line<T extends { read(event: never): unknown }> = ReturnType<T["read"]>;
export const Products = collectionStore<Product>("Products");

/** The counter of changes, by their names. */
export const changeCounts = "Changes";
