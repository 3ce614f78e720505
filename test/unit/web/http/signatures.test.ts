import { createHmac } from "node:crypto";
import { actor, eventType, type Event } from "beehive-actors";
import { githubWebhooks, standardWebhooks, stripeWebhooks, type Signature } from "beehive-actors/http";
import * as assert from "uvu/assert";
import { edgeScene } from "../../../support/edge.ts";
import { failureOf } from "../../../support/failure.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("signed webhooks");

const now = Date.parse("2026-01-01T12:00:00Z");
const body = '{"amount": 100}';
const bytes = new TextEncoder().encode(body);
const verify = (signature: Signature, headers: Record<string, string>, sent = bytes, at = now): string | undefined =>
  signature.verify({ headers: new Headers(headers), bytes: sent, now: at });
const hmac = (key: string | Buffer, text: string, encoding: "hex" | "base64"): string =>
  createHmac("sha256", key).update(text).digest(encoding);

test("Standard Webhooks accept the signature of their specification", () => {
  // The example of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  const signature = standardWebhooks({ secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const sent = new TextEncoder().encode('{"test": 2432232314}');
  const at = 1_614_265_330_000;
  assert.is(verify(signature, headers, sent, at), "msg_p5jXN8AQM9LWM0D4loKWxJek");
  assert.is(verify(signature, headers, sent, at + 299_000), "msg_p5jXN8AQM9LWM0D4loKWxJek");
  assert.is(verify(signature, headers, sent, at + 301_000), undefined);
  assert.is(verify(signature, headers, sent, at - 301_000), undefined);
  assert.is(verify(signature, { ...headers, "webhook-id": "other" }, sent, at), undefined);
  assert.is(verify(signature, { ...headers, "webhook-timestamp": "1614265331" }, sent, at), undefined);
  assert.is(verify(signature, headers, bytes, at), undefined);
});

test("Standard Webhooks accept one of several signatures and secrets", () => {
  const secrets = ["first secret!", "second secret"].map((text) => Buffer.from(text));
  const signature = standardWebhooks({ secret: secrets.map((secret) => secret.toString("base64")), tolerance: "1m" });
  const seconds = String(now / 1_000);
  const good = hmac(secrets[1] as Buffer, `m1.${seconds}.${body}`, "base64");
  const headers = { "webhook-id": "m1", "webhook-timestamp": seconds };
  assert.is(verify(signature, { ...headers, "webhook-signature": `v1,AAAA v2,x v1,${good}` }), "m1");
  assert.is(verify(signature, { ...headers, "webhook-signature": `v2,${good}` }), undefined);
});

test("GitHub signs the body alone", () => {
  const signature = githubWebhooks({ secret: "It's a Secret to Everybody" });
  // The example of https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
  const sent = new TextEncoder().encode("Hello, World!");
  const good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const first = verify(signature, { "x-hub-signature-256": good, "x-github-delivery": "1" }, sent);
  assert.match(first ?? "", /^[\da-f]{64}$/);
  assert.is(verify(signature, { "x-hub-signature-256": good, "x-github-delivery": "2" }, sent), first);
  assert.is(verify(signature, { "x-hub-signature-256": good }, bytes), undefined);
  assert.is(verify(signature, { "x-hub-signature-256": good.slice(0, -2) }, sent), undefined);
  assert.is(verify(signature, {}, sent), undefined);
});

test("Stripe signs the time and the body", () => {
  const signature = stripeWebhooks({ secret: "whsec_of_stripe" });
  const seconds = now / 1_000;
  const good = hmac("whsec_of_stripe", `${seconds}.${body}`, "hex");
  assert.ok(verify(signature, { "stripe-signature": `t=${seconds},v1=${"0".repeat(64)},v1=${good},v0=x` }));
  assert.is(verify(signature, { "stripe-signature": `t=${seconds + 1},v1=${good}` }), undefined);
  assert.is(verify(signature, { "stripe-signature": `t=${seconds},v0=${good}` }), undefined);
  assert.is(verify(signature, { "stripe-signature": `t=${seconds},v1=${good}` }, bytes, now + 301_000), undefined);
});

test("a missing or short secret is refused", async () => {
  for (const secret of [undefined, "", "short", [], ["long enough", ""]])
    assert.match((await failureOf(() => githubWebhooks({ secret } as never))).message, "secret must be");
});

test("a forged webhook is 401, and one sent again gives no second event", async () => {
  const PaymentTaken = eventType<{ amount: number }>("PaymentTaken");
  const events: Event[] = [];
  const Collect = actor("PaymentTaken-Collect", PaymentTaken, {}, async ({ event }) => void events.push(event));
  const payments = {
    signature: githubWebhooks({ secret: "It's a Secret to Everybody" }),
    ingest: () => PaymentTaken.create({ amount: 1 }),
  };
  await using scene = await edgeScene({ handlers: { payments } }, { actors: Collect });
  const headers = { "x-hub-signature-256": `sha256=${hmac("It's a Secret to Everybody", body, "hex")}` };
  const path = "/ingest/payments";
  const forged = await scene.send(body, { path, headers: { "x-hub-signature-256": `sha256=${"0".repeat(64)}` } });
  assert.is(forged.status, 401);
  const first = await scene.send(body, { path, headers });
  const again = await scene.send(body, { path, headers });
  assert.is(first.status, 200);
  assert.equal(again.handlers, first.handlers);
  await scene.hive.whenIdle();
  assert.is(events.length, 1);
});

test("a signature without an identity as text is refused", async () => {
  const PaymentTaken = eventType<{ amount: number }>("PaymentTaken");
  const ingest = () => PaymentTaken.create({ amount: 1 });
  for (const [verifying, status] of [
    [() => undefined, 401],
    [() => null, 401],
    [() => false, 401],
    [() => true, 401],
    [async () => {}, 500],
    [async () => await Promise.reject(new Error("forged")), 500],
  ] as const) {
    const payments = { signature: { verify: verifying as never }, ingest };
    await using scene = await edgeScene({ handlers: { payments } }, {});
    assert.is((await scene.send(body, { path: "/ingest/payments" })).status, status);
  }
});

test.run();
