/** Brands publish three lists in any order. Three actors merge them into products on a topic of their own. */
import { actor, type AnyEventType, type CollectionStore } from "beehive-actors";
import {
  PriceListed,
  ProductDescribed,
  ProductEnriched,
  Products,
  ProductWithdrawn,
  StockReported,
  type Change,
  type Enriched,
  type Product,
} from "./events.ts";

export const MergeDescription = merge("ProductDescribed-Merge", ProductDescribed, "MergeDescription", "described");
export const MergeStock = merge("StockReported-Merge", StockReported, "MergeStock", "stock");
export const MergePrice = merge("PriceListed-Merge", PriceListed, "MergePrice", "listed");

function merge(queueName: string, type: AnyEventType, name: string, part: Part) {
  const publishes = [ProductEnriched, ProductWithdrawn] as const;
  return actor(queueName, type, { name, publishes, uses: { products: Products } }, ({ body, products }) =>
    merged(products, part, body as Required<Product>[Part]),
  );
}

type Part = Exclude<keyof Product, "id">;

async function merged(products: CollectionStore<Product>, part: Part, line: Required<Product>[Part]) {
  const before: Product = (await products.find(line.sku)) ?? { id: line.sku };
  if (line.revision <= (before[part]?.revision ?? -1)) return [];
  const after: Product = { ...before, [part]: line };
  await products.upsert(after); // refused if another line changed the product since `find`
  const change = changeOf(before, after, part);
  const partitionKey = line.sku;
  if (change === "withdrawn") return [ProductWithdrawn.create(undefined, { partitionKey })];
  const facts = forSale(after);
  return facts && change ? [ProductEnriched.create({ ...facts, change }, { partitionKey })] : [];
}

function changeOf(before: Product, after: Product, part: Part): Change | undefined {
  const [was, is] = [forSale(before), forSale(after)];
  if (!is) return was && "withdrawn";
  if (!was) return "added";
  if (part === "described") return "described";
  if (part === "listed") return "repriced";
  return is.quantity === 0 ? "soldOut" : "restocked";
}

/** Returns the facts of a product for sale; `undefined` while a list is missing or it has no price. */
export function forSale({ described, stock, listed }: Product): Omit<Enriched, "change"> | undefined {
  if (!described || !stock || typeof listed?.price !== "number") return undefined;
  const { sku, brand, name, category, colour } = described;
  return { sku, brand, name, category, colour, quantity: stock.quantity, price: listed.price };
}
