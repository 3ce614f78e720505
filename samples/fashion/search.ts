/** The search: an index in this process, derived from the topic of enriched products. */
import { actorDescription, injects, token, type Event, type ProcessorActor, type Token } from "beehive-actors";
import MiniSearch, { type SearchOptions } from "minisearch";
import { ProductEnriched, ProductWithdrawn, type Enriched } from "./events.ts";

export type Index = MiniSearch<Enriched>;

const text = ["brand", "name", "category", "colour"];

export function newIndex(searchOptions: SearchOptions = {}): Index {
  return new MiniSearch({
    idField: "sku",
    fields: text,
    storeFields: [...text, "quantity", "price"],
    searchOptions: { combineWith: "AND", ...searchOptions },
  });
}

export const LiveIndex: Token<Index> = token("LiveIndex");
export const NewIndex: Token<Index> = token("NewIndex");

/** Reads each product in order, from its first event on: an index that starts empty becomes complete. */
@actorDescription("ProductEnriched-Search", { ordered: true, from: "beginning" })
@injects(LiveIndex)
export class SearchActor implements ProcessorActor {
  constructor(private readonly index: Index) {}

  async processAsync(event: Event) {
    const sku = event.partitionKey;
    if (this.index.has(sku)) this.index.discard(sku);
    if (!ProductWithdrawn.is(event)) this.index.add(ProductEnriched.read(event));
  }
}

/** A new version of search, beside the live one. */
@actorDescription("ProductEnriched-Search2", { ordered: true, from: "beginning" })
@injects(NewIndex)
export class NewSearchActor extends SearchActor {}

/** Returns what readers can find: each product, and the products of each word. */
export function contentOf(index: Index): string {
  const found = (query: string | typeof MiniSearch.wildcard) =>
    index.search(query, { fuzzy: false, prefix: false }).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const products = found(MiniSearch.wildcard);
  const words = new Set(products.flatMap((product) => text.flatMap((field) => String(product[field]).split(" "))));
  const facts = products.map(({ id, brand, name, category, colour, quantity, price }) => [
    id,
    { brand, name, category, colour, quantity, price },
  ]);
  const hits = [...words].toSorted().map((word) => [word, found(word).map(({ id }) => id as string)]);
  return JSON.stringify({ facts, hits });
}
