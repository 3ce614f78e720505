/** The lists of some brands, in an order that depends on the seed alone. */
import type { Event } from "beehive-actors";
import { PriceListed, ProductDescribed, StockReported } from "./events.ts";

const brands = ["Nordwind", "Celeste", "Ottavia", "Marlow", "Brugge", "Sorrel"];
const colours = ["black", "ivory", "navy", "olive", "rust", "sand"];
const categories = { coat: "Outerwear", parka: "Outerwear", dress: "Dresses", blouse: "Tops", jersey: "Tops" };

/** Returns three lists and some later revisions, shuffled: about five lines for each product. */
export function feedOf(products: number, seed: number): Event[] {
  const random = randomNumbers(seed);
  const whole = (below: number): number => Math.floor(random() * below);
  const one = <T>(list: readonly T[]): T => list[whole(list.length)] as T;
  const lines: Event[] = [];
  for (let number = 1; number <= products; number++) {
    const [brand, colour] = [one(brands), one(colours)];
    const [kind, category] = one(Object.entries(categories));
    const sku = `${brand.slice(0, 3).toUpperCase()}-${String(number).padStart(5, "0")}`;
    const keyed = (list: string, revision: number) => ({ id: `${list}-${seed}-${sku}-${revision}`, partitionKey: sku });
    for (let revision = whole(10) === 0 ? 1 : 0; revision >= 0; revision--)
      lines.push(
        ProductDescribed.create(
          { sku, revision, brand, name: `${colour} ${kind}`, category, colour },
          keyed("data", revision),
        ),
      );
    for (let revision = whole(3); revision >= 0; revision--)
      lines.push(StockReported.create({ sku, revision, quantity: whole(4) * 10 }, keyed("stock", revision)));
    for (let revision = whole(2); revision >= 0; revision--) {
      const price = revision > 0 && whole(10) === 0 ? null : 20 + whole(400);
      lines.push(PriceListed.create({ sku, revision, price }, keyed("price", revision)));
    }
  }
  for (let last = lines.length - 1; last > 0; last--) {
    const other = whole(last + 1);
    [lines[last], lines[other]] = [lines[other] as Event, lines[last] as Event];
  }
  return lines;
}

/** Returns a linear congruential generator of numbers from 0 up to 1. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}
