/** Calls the route handlers as Next does. */
import { strictEqual } from "node:assert";
import { GET as health } from "../next/app/health/route.ts";
import { GET, POST } from "../next/app/orders/route.ts";
import { GET as ops, POST as act } from "../next/app/ops/[[...path]]/route.ts";
import { POST as ingest } from "../next/app/api/[[...path]]/route.ts";
import { hive } from "../next/hive.ts";

const url = "http://localhost/orders";
const accept = (body: object): Promise<Response> =>
  POST(new Request(url, { method: "POST", body: JSON.stringify(body) }));
const find = (id: string): Promise<Response> => GET(new Request(`${url}?id=${id}`));

strictEqual((await accept({ orderId: "1042" })).status, 202);
strictEqual((await accept({ order: 1 })).status, 400);
await (await hive()).whenIdle();
strictEqual(((await (await find("1042")).json()) as { status: string }).status, "paid");
strictEqual((await find("1")).status, 404);
strictEqual((await health()).status, 200);

const token = { authorization: "Bearer secret" };
strictEqual((await ops(new Request("http://localhost/ops"))).status, 403);
strictEqual((await ops(new Request("http://localhost/ops", { headers: token }))).status, 200);
const own = {
  ...token,
  "content-type": "application/json",
  "x-beehive-dashboard": "1",
  "sec-fetch-site": "same-origin",
};
const sending = JSON.stringify({ type: "OrderAccepted", body: '{"orderId":"by-hand"}' });
strictEqual(
  (await act(new Request("http://localhost/ops/-/do/send", { method: "POST", headers: own, body: sending }))).status,
  200,
);

const sent = { method: "POST", headers: { ...token, "content-type": "application/json" }, body: '{"orderId":"2"}' };
strictEqual((await ingest(new Request("http://localhost/api/ingest/orders", sent))).status, 200);
strictEqual((await ingest(new Request("http://localhost/api/ingest/none", sent))).status, 404);
await (await hive()).stop();
