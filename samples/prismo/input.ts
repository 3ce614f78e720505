/** Reads orders and stock from files with one JSON value a line, and reports each bad line. */
import { open } from "node:fs/promises";
import * as z from "zod";
import type { NewOrder, NewProduct } from "./intake.ts";

export interface Input {
  readonly orders: readonly NewOrder[];
  readonly products: readonly NewProduct[];
  /** `file:line: reason` for each line left out. */
  readonly problems: readonly string[];
}

const id = z
  .string("must be a text")
  .min(1, "must not be empty")
  .max(100, "must not have more than 100 characters")
  // oxlint-disable-next-line no-control-regex -- control characters are refused
  .refine((text) => !/[\u0000-\u001f\u007f-\u009f]/.test(text) && text.isWellFormed(), "must be printable");
const text = z.string("must be a text").min(1, "must not be empty");
const count = z.int("must be a whole number").max(1_000_000_000, "must not be above 1,000,000,000");

const customer = z.object(
  { id, name: text, email: z.email("must be an e-mail address"), address: text },
  "must be an object",
);

/** A line of the orders. */
export const orderLine: z.ZodType<NewOrder> = z.object(
  {
    id,
    customer,
    items: z
      // zod silently drops this key.
      .custom((items) => !Object.hasOwn(Object(items) as object, "__proto__"), 'must not have a "__proto__"')
      .pipe(z.record(id, count.min(1, "must be at least 1"), "must be an object of quantities"))
      .refine((items) => Object.keys(items).length > 0, "must not be empty"),
    totalPrice: z.number("must be a number").min(0, "must not be negative"),
    paymentMethod: text,
    shippingAddress: text,
  },
  "must be an object",
);

const stockLine = z.object(
  { productId: id, name: text, quantity: count.min(0, "must not be negative") },
  "must be an object",
);

/** Reads both files. Lists bad lines; throws only when a file cannot be read at all. */
export async function readInput(ordersFile: string, stockFile: string): Promise<Input> {
  const problems: string[] = [];
  const products = new Map<string, NewProduct>();
  for await (const line of lines(stockFile)) {
    const product = line.parse(stockLine, problems);
    if (!product) continue;
    if (products.has(product.productId))
      problems.push(`${line.place}: productId: ${product.productId} is there already`);
    else products.set(product.productId, product);
  }
  const orders = new Map<string, NewOrder>();
  for await (const line of lines(ordersFile)) {
    const order = line.parse(orderLine, problems);
    if (!order) continue;
    const unknown = Object.keys(order.items).filter((productId) => !products.has(productId));
    if (orders.has(order.id)) problems.push(`${line.place}: id: ${order.id} is there already`);
    else if (unknown.length > 0) problems.push(`${line.place}: items: there is no product ${unknown.join(", ")}`);
    else orders.set(order.id, order);
  }
  return { orders: [...orders.values()], products: [...products.values()], problems };
}

/** A line with its place. */
class Line {
  readonly place: string;
  readonly #text: string;

  constructor(place: string, content: string) {
    this.place = place;
    this.#text = content;
  }

  /** Returns the value of a line, or adds a problem. */
  parse<T>(schema: z.ZodType<T>, problems: string[]): T | undefined {
    const json = parseJson(this.#text);
    if (json === undefined) {
      problems.push(`${this.place}: it is not JSON`);
      return undefined;
    }
    const { success, data, error } = schema.safeParse(json);
    if (success) return data;
    const reasons = error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : `it ${message}`,
    );
    problems.push(`${this.place}: ${reasons.join("; ")}`);
    return undefined;
  }
}

/** Yields the lines of a file that are not blank, one at a time: the file is never in memory as a whole. */
async function* lines(file: string): AsyncGenerator<Line, void, undefined> {
  try {
    await using handle = await open(file);
    let number = 0;
    for await (const content of handle.readLines()) {
      number++;
      if (content.trim() !== "") yield new Line(`${file}:${number}`, content.replace(/^\uFEFF/, ""));
    }
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
