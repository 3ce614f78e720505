import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readInput, type Input } from "../../samples/prismo/input.ts";
import { orderOf } from "../support/prismo.ts";
import { suite } from "../support/suite.ts";

const test = suite("Prismo's input", { timeoutMs: 10_000 });

let folder = "";
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "prismo-"));
});
test.after(() => rm(folder, { recursive: true }));

const lamp = { productId: "lamp", name: "Lamp", quantity: 5 };
const good = orderOf("1", { lamp: 1 });

async function read(
  orders: readonly unknown[],
  stock: readonly unknown[] = [lamp],
): Promise<Input & { file: string; stockFile: string }> {
  const file = join(folder, "orders.ndjson");
  const stockFile = join(folder, "stock.ndjson");
  const text = (lines: readonly unknown[]): string =>
    lines.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n");
  await writeFile(file, text(orders));
  await writeFile(stockFile, text(stock));
  return { ...(await readInput(file, stockFile)), file, stockFile };
}

const badOrders: [string, unknown, string][] = [
  ["a line that is not JSON", "{", "it is not JSON"],
  ["a line that is no object", "[]", "it must be an object"],
  ["no id", { ...good, id: undefined }, "id: must be a text"],
  ["an empty id", { ...good, id: "" }, "id: must not be empty"],
  ["an id with control characters", { ...good, id: "a\nb" }, "id: must be printable"],
  ["an id that is taken", good, "id: 1 is there already"],
  ["no items", { ...good, id: "2", items: {} }, "items: must not be empty"],
  ["items that are a list", { ...good, id: "2", items: ["lamp"] }, "items: must be an object of quantities"],
  ["a quantity of nothing", { ...good, id: "2", items: { lamp: 0 } }, "items.lamp: must be at least 1"],
  ["a negative quantity", { ...good, id: "2", items: { lamp: -1 } }, "items.lamp: must be at least 1"],
  ["half a lamp", { ...good, id: "2", items: { lamp: 0.5 } }, "items.lamp: must be a whole number"],
  ["a quantity in words", { ...good, id: "2", items: { lamp: "1" } }, "items.lamp: must be a whole number"],
  ["an unknown product", { ...good, id: "2", items: { sofa: 1 } }, "items: there is no product sofa"],
  [
    "a product with a name that objects have",
    JSON.stringify({ ...good, id: "2", items: { lamp: 1, proto: 1 } }).replace("proto", "__proto__"),
    'items: must not have a "__proto__"',
  ],
  ["a negative price", { ...good, id: "2", totalPrice: -1 }, "totalPrice: must not be negative"],
  ["no customer", { ...good, id: "2", customer: undefined }, "customer: must be an object"],
  [
    "a bad address",
    { ...good, id: "2", customer: { ...good.customer, email: "ada" } },
    "customer.email: must be an e-mail address",
  ],
  ["no payment method", { ...good, id: "2", paymentMethod: "" }, "paymentMethod: must not be empty"],
];

for (const [what, line, why] of badOrders) {
  test(`an order with ${what} is left out, with its line`, async () => {
    const { orders, problems, file } = await read([good, "", line]);
    assert.is(problems.length, 1);
    assert.ok(problems[0]?.startsWith(`${file}:3: `), problems[0]);
    assert.ok(problems[0]?.includes(why), problems[0]);
    assert.equal(orders, [good]);
  });
}

const badStock: [string, unknown, string][] = [
  ["a line that is not JSON", "lamp 5", "it is not JSON"],
  ["a negative quantity", { ...lamp, productId: "sofa", quantity: -1 }, "quantity: must not be negative"],
  ["half of one", { ...lamp, productId: "sofa", quantity: 0.5 }, "quantity: must be a whole number"],
  ["a product that is there already", lamp, "productId: lamp is there already"],
];

for (const [what, line, why] of badStock) {
  test(`stock with ${what} is left out, with its line`, async () => {
    const { products, problems, stockFile } = await read([good], [lamp, line]);
    assert.equal(problems, [`${stockFile}:2: ${why}`]);
    assert.equal(products, [lamp]);
  });
}

test("blank lines, CRLF and a byte order mark do not matter", async () => {
  const { orders, problems } = await read([`\uFEFF${JSON.stringify(good)}\r`, "  ", ""]);
  assert.equal([orders, problems], [[good], []]);
});

test("an empty file has no orders", async () => {
  const { orders, problems } = await read([]);
  assert.equal([orders, problems], [[], []]);
});

test("the error names a missing file, and a folder", async () => {
  const missing = join(folder, "missing.ndjson");
  const error: unknown = await readInput(missing, missing).catch((reason: unknown) => reason);
  assert.ok(error instanceof Error && error.message.startsWith(`${missing} cannot be read: `), String(error));
  const directory: unknown = await readInput(folder, folder).catch((reason: unknown) => reason);
  assert.ok(
    directory instanceof Error && directory.message.startsWith(`${folder} cannot be read: `),
    String(directory),
  );
});

test.run();
