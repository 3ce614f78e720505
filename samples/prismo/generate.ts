/**
 * Generates random orders and stock, equal for equal seeds. The bundled sample was made with `npx tsx -C beehive-source
 * samples/prismo/generate.ts 200 samples/prismo/data`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomNumbers } from "./chance.ts";
import type { NewOrder, NewProduct } from "./intake.ts";

const kinds = ["Lamp", "Kettle", "Clock", "Blanket", "Teapot", "Mirror", "Basket", "Stool", "Vase", "Candle"];
const makes = ["Brass", "Oak", "Glass"];
const firstNames = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "John", "Radia", "Tony"];
const lastNames = ["Moss", "Field", "Brook", "Hill", "Wood", "Marsh", "Stone", "Lake", "Heath", "Dale"];
const streets = ["High Street", "Mill Lane", "Station Road", "Park Avenue", "Queen Street"];
const paymentMethods = ["card", "transfer", "voucher"];

/** Returns thirty products. Some run short with that many orders; every fifth has almost no stock. */
export function randomProducts(seed: number, orders: number): NewProduct[] {
  const random = randomNumbers(seed);
  return makes.flatMap((make, m) =>
    kinds.map((kind, k) => {
      const scarce = (m * kinds.length + k) % 5 === 0;
      const quantity = whole(random, 0, scarce ? 3 : orders * 0.45);
      return { productId: `${make}-${kind}`.toLowerCase(), name: `${make} ${kind.toLowerCase()}`, quantity };
    }),
  );
}

/** Yields orders of one to four products, one to three of each. */
export function* randomOrders(seed: number, count: number, products: readonly NewProduct[]): Generator<NewOrder> {
  const random = randomNumbers(seed + 1);
  for (let number = 1; number <= count; number++) {
    const items: Record<string, number> = {};
    for (let i = whole(random, 1, 4); i > 0; i--) items[one(random, products).productId] = whole(random, 1, 3);
    const name = `${one(random, firstNames)} ${one(random, lastNames)}`;
    const address = `${whole(random, 1, 99)} ${one(random, streets)}`;
    yield {
      id: `order-${String(number).padStart(6, "0")}`,
      customer: { id: slug(name, "-"), name, email: `${slug(name, ".")}@example.com`, address },
      items,
      totalPrice: whole(random, 500, 50_000) / 100,
      paymentMethod: one(random, paymentMethods),
      shippingAddress: random() < 0.8 ? address : `${whole(random, 1, 99)} ${one(random, streets)}`,
    };
  }
}

function whole(random: () => number, from: number, to: number): number {
  return Math.floor(from + random() * (to - from + 1));
}

function one<T>(random: () => number, choices: readonly T[]): T {
  return choices[whole(random, 0, choices.length - 1)] as T;
}

function slug(name: string, separator: string): string {
  return name.toLowerCase().replaceAll(" ", separator);
}

async function writeLines(file: string, items: Iterable<unknown>): Promise<void> {
  await writeFile(
    file,
    [...items].map((item) => `${JSON.stringify(item)}\n`),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [count = "200", folder = ".", seed = "1"] = process.argv.slice(2);
  const products = randomProducts(Number(seed), Number(count));
  await writeLines(join(folder, "stock.ndjson"), products);
  await writeLines(join(folder, "orders.ndjson"), randomOrders(Number(seed), Number(count), products));
}
