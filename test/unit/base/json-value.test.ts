/** Types of bodies and items that were read: as JSON makes them. */
import { Event, eventType, type CollectionStore, type Identified, type Received, type Stored } from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";

const test = suite("types of read bodies and items");

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles when both types are equal; the argument exists for the compiler only. */
const same = <A, B>(yes: Same<A, B>): void => void yes;

interface Order {
  readonly id: string;
  readonly placed: Date;
  readonly lines: readonly { readonly sku: string; readonly due?: Date | undefined }[];
  readonly note?: string;
}
class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
  plus(other: Money): Money {
    return new Money(this.cents + other.cents);
  }
}
interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}
type Anything = string | number | boolean | null | Anything[] | { [name: string]: Anything };

test("types that JSON carries stay", () => {
  same<Received<string | null>, string | null>(true);
  same<Received<"a" | 1 | undefined>, "a" | 1 | undefined>(true);
  same<Received<unknown>, unknown>(true);
  same<Received<Uint8Array>, Uint8Array>(true);
  same<Received<Anything>, Anything>(true);
  same<Received<[string, number]>, [string, number]>(true);
  const tree: Tree = { name: "root", children: [{ name: "leaf", children: [] }] };
  const read: Tree = new Event("Tree", tree).getBody();
  assert.equal(read, tree);
});

test("types that JSON changes become what it writes", () => {
  same<Received<Date>, string>(true);
  same<Received<readonly Date[]>, readonly string[]>(true);
  same<Received<[Date, number]>, [string, number]>(true);
  same<Received<Money>, { readonly cents: number }>(true);
  same<Received<{ at: Date | null; all: Map<string, Date> }>, { at: string | null; all: Record<never, never> }>(true);
  same<Received<Order>["lines"][number]["due"], string | undefined>(true);
  same<Received<Order>["note"], string | undefined>(true);
});

test("a date in a body is a text, also to the compiler", () => {
  const placed = new Date(0);
  const event: Event<Order> = new Event("OrderAccepted", { id: "1", placed, lines: [{ sku: "lamp", due: placed }] });
  const { placed: text, lines } = event.getBody();
  assert.is(text.slice(0, 4), "1970");
  assert.is(lines[0]?.due?.slice(0, 4), "1970");
  // @ts-expect-error -- it has no methods of a date
  assert.is(text.getTime, undefined);
  const typed = eventType<Order>("OrderAccepted");
  const read: Received<Order> = typed.read(event);
  assert.is(read.placed, placed.toISOString());
});

test("a date in an item is a text, also to the compiler", async () => {
  const provider = new MemoryProvider();
  const orders = provider.stores.collection<Order>("Orders");
  const placed = new Date(0);
  const lines = [{ sku: "lamp" }];
  const written: Stored<Order> = await orders.insert({ id: "1", placed, lines });
  const read = await orders.get("1");
  const texts: string[] = [written.placed, read.placed];
  assert.equal(texts, [placed.toISOString(), placed.toISOString()]);
  // The given item is not the returned one, so it may be changed.
  lines[0] = { sku: "chair" };
  assert.equal(written.lines, [{ sku: "lamp" }]);
});

type Payment =
  | { readonly id: string; readonly kind: "card"; readonly card: string }
  | { readonly id: string; readonly kind: "cash"; readonly given: number };

test("the compiler knows the kind of an item of several kinds", async () => {
  const payments = new MemoryProvider().stores.collection<Payment>("Payments");
  await payments.insert({ id: "1", kind: "cash", given: 5 });
  await payments.update(await payments.get("1"));
  const again = await payments.get("1");
  if (again.kind === "cash") await payments.update({ ...again, given: again.given + 1 });
  const all: Payment[] = [];
  for await (const one of payments.all()) all.push(one);
  assert.equal(
    all.map((one) => one.kind === "cash" && one.given),
    [6],
  );
});

test("the compiler knows the version of an item", async () => {
  const next = async <T extends Identified & { readonly version: number }>(store: CollectionStore<T>, id: string) =>
    (await store.get(id)).version + 1;
  const drafts = new MemoryProvider().stores.collection<{ readonly id: string; readonly version: number }>("Drafts");
  await drafts.insert({ id: "1", version: 1 });
  assert.is(await next(drafts, "1"), 2);
});

test.run();
