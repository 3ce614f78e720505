import { gzipSync } from "node:zlib";
import { compactDecrypt, CompactEncrypt } from "jose";
import {
  actorDescription,
  BeeHiveError,
  createHive,
  Event,
  operate,
  QueueName,
  type ActorClass,
  type Codec,
} from "beehive-actors";
import { byType, compressed, encrypted, plain, type Body } from "beehive-actors/schemas";
import { ManualClock, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("codecs");

const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const keys = { old: keyOf(1), new: keyOf(2) };
const order = { orderId: "1", note: "again ".repeat(1_000) };
const event = new Event("Placed", order);

/** Returns an actor that notes the bodies of its events. */
function reader(seen: unknown[], queueName = "Placed-Reader"): ActorClass {
  class Reader {
    async processAsync(read: Event): Promise<void> {
      seen.push(read.getBody());
    }
  }
  actorDescription(queueName)(Reader);
  return Reader;
}

/** A memory that also shows events as they travel. */
async function scene(codec: Codec, seen: unknown[] = []) {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const hive = await TestHive.start({ actors: reader(seen), codec, clock, provider });
  const raw = await operate(provider, { clock });
  const letters = async (): Promise<readonly string[]> =>
    (await hive.deadLetters("Placed-Reader")).map(({ errorName, reason }) => `${errorName}: ${reason}`);
  return { hive, raw, provider, seen, letters, queue: hive.hive.queue("Placed-Reader") };
}

const codecs: Readonly<Record<string, readonly [codec: Codec, contentType: string]>> = {
  gzip: [compressed(), "application/json+gzip"],
  brotli: [compressed(plain(), { algorithm: "br" }), "application/json+br"],
  "large gzip": [compressed(plain(), { minBytes: 0 }), "application/json+gzip"],
  encrypted: [encrypted(plain(), { key: "new", keys }), "application/jose"],
  "compressed and encrypted": [encrypted(compressed(), { key: "new", keys }), "application/jose"],
  "by type": [byType({ Placed: compressed() }), "application/json+gzip"],
};

for (const [name, [codec, contentType]] of Object.entries(codecs))
  test(`${name}: a body travels encoded and is read as it was`, async () => {
    const { hive, raw, seen, queue } = await scene(codec);
    await queue.pause({ reason: "to look", by: "test" });
    const bodies = [order, "x".repeat(name === "large gzip" ? 200_000 : 5_000), new Uint8Array(2_000)];
    const [, text, bytes] = bodies as [unknown, string, Uint8Array];
    await hive.push([
      event,
      new Event("Placed", text, { contentType: "text/plain" }),
      new Event("Placed", bytes),
      new Event("Placed"),
    ]);
    const [first] = await raw.queue("Placed-Reader").peek({ bodies: true });
    assert.is(first?.contentType, contentType);
    assert.not.match(JSON.stringify(first), "again");
    await queue.resume({ by: "test" });
    await hive.advance("1m");
    assert.equal(seen, bodies);
    await hive.stop();
  });

test("an event is the same under a codec, but for its body", async () => {
  const codec = encrypted(compressed(), { key: "new", keys });
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const received: Event[] = [];
  class Reader {
    async processAsync(read: Event): Promise<void> {
      received.push(read);
    }
  }
  actorDescription("Placed-Reader")(Reader);
  await using hive = await TestHive.start({ actors: Reader, codec, clock, provider });
  const sent = new Event("Placed", order, {
    partitionKey: "1",
    properties: { tenant: "a" },
    correlationId: "process",
    expires: new Date(2100, 0, 1),
  });
  await hive.push(sent);
  await hive.settle();
  const { body: _, contentType: __, queueName: ___, ...facts } = sent.toRecord();
  const { body: ____, contentType, queueName, ...found } = (received[0] as Event).toRecord();
  assert.equal(found, facts);
  assert.equal([contentType, queueName], ["application/jose", "Placed-Reader"]);
});

test("outputs of a step are encoded, and one that is sent on stays", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  const seen: unknown[] = [];
  class Sender {
    async processAsync(read: Event): Promise<Event[]> {
      return [new Event("Paid", order), read.clone({ queueName: "Copied-" })];
    }
  }
  actorDescription("Placed-Sender", { publishes: ["Paid", "Copied-"] })(Sender);
  const notes = (queueName: string): ActorClass => {
    class Reader {
      async processAsync(read: Event): Promise<void> {
        seen.push([read.contentType, read.getBody()]);
      }
    }
    actorDescription(queueName)(Reader);
    return Reader;
  };
  const actors = [Sender, notes("Paid-Reader"), notes("Copied-Reader")];
  await using hive = await TestHive.start({ actors, codec: encrypted(plain(), { key: "new", keys }), clock, provider });
  await hive.push(event);
  await hive.settle();
  assert.equal(seen, [
    ["application/jose", order],
    ["application/jose", order],
  ]);
});

test("events of a transaction are encoded, too", async () => {
  const { hive, raw, seen, queue } = await scene(encrypted(plain(), { key: "new", keys }));
  await queue.pause({ reason: "to look", by: "test" });
  assert.ok(hive.stores.transact);
  await hive.stores.transact("Orders", async (items, publish) => {
    await items.insert({ id: "1" });
    publish(event);
  });
  const [first] = await raw.queue("Placed-Reader").peek({ bodies: true });
  assert.is(first?.contentType, "application/jose");
  await queue.resume({ by: "test" });
  await hive.advance("1m");
  assert.equal(seen, [order]);
  await hive.stop();
});

test("a lease that a host hands over is decoded", async () => {
  const provider = new MemoryProvider();
  const seen: unknown[] = [];
  const codec = encrypted(plain(), { key: "new", keys });
  await using hive = await createHive({ actors: reader(seen), codec, provider });
  await hive.setup();
  await hive.push(event);
  const request = { max: 1, leaseMs: 60_000, waitMs: 0, signal: new AbortController().signal };
  const [lease] = await provider.queues.lease(QueueName.parse("Placed-Reader"), request);
  assert.ok(lease);
  assert.is(await hive.deliver(lease), "committed");
  assert.equal(seen, [order]);
});

test("kept events are read decoded, and kept as they travel", async () => {
  const codec = encrypted(plain(), { key: "new", keys });
  await using hive = await createHive({ publishes: ["Placed"], codec, keep: { "Placed-": "forever" } });
  await hive.setup();
  await hive.push(event);
  const kept: Event[] = [];
  for await (const { event: read } of hive.log("Placed").read()) kept.push(read);
  assert.equal([kept[0]?.getBody(), kept[0]?.contentType], [order, "application/jose"]);
  assert.match(String(kept[0]?.body), /^eyJ/);
});

test("small bodies and those from before are read without a codec", async () => {
  const { hive, provider, seen } = await scene(encrypted(compressed(), { key: "new", keys }));
  await provider.queues.push([new Event("Placed", order)]);
  await hive.push(new Event("Placed", "small"));
  await hive.settle();
  assert.equal(seen, [order, "small"]);
  const { contentType } = await compressed().encode({ contentType: "application/json", body: '"small"' }, event);
  assert.is(contentType, "application/json");
  await hive.stop();
});

test("a key is rotated: new events have the new one, old are read", async () => {
  const seen: unknown[] = [];
  const before = encrypted(plain(), { key: "old", keys });
  const { hive, provider } = await scene(encrypted(plain(), { key: "new", keys }), seen);
  const { contentType, body } = await before.encode({ contentType: "application/json", body: '"old"' }, event);
  await provider.queues.push([new Event("Placed", body, { contentType })]);
  await hive.push(new Event("Placed", "new"));
  await hive.settle();
  assert.equal(seen, ["old", "new"]);
  await hive.stop();
});

test("jose reads what is encrypted, and what jose encrypts is read", async () => {
  const codec = encrypted(plain(), { key: "new", keys });
  const { body } = await codec.encode({ contentType: "application/json", body: '{"a":1}' }, event);
  const { plaintext, protectedHeader } = await compactDecrypt(body as string, keys.new);
  assert.is(Buffer.from(plaintext).toString(), '{"a":1}');
  assert.equal({ ...protectedHeader }, { alg: "dir", enc: "A256GCM", kid: "new", cty: "application/json" });
  const foreign = await new CompactEncrypt(Buffer.from("2"))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: "old" })
    .encrypt(keys.old);
  const read = await codec.decode({ contentType: "application/jose", body: foreign }, event);
  assert.equal(read, { contentType: "application/json", body: "2" });
});

const unreadable: Readonly<Record<string, readonly [body: () => Body | Promise<Body>, reason: RegExp]>> = {
  "an erased key": [
    () =>
      encrypted(plain(), { key: "gone", keys: { gone: keyOf(3) } }).encode(
        { contentType: "text/plain", body: "x" },
        event,
      ),
    /there is no key "gone"; it may be erased\.$/,
  ],
  "another key of the same id": [
    () =>
      encrypted(plain(), { key: "new", keys: { new: keyOf(3) } }).encode(
        { contentType: "text/plain", body: "x" },
        event,
      ),
    /its key is another, or its bytes were changed\.$/,
  ],
  "an algorithm that is not asked for": [
    async () => ({
      contentType: "application/jose",
      body: await new CompactEncrypt(Buffer.from("2"))
        .setProtectedHeader({ alg: "dir", enc: "A128CBC-HS256", kid: "new" })
        .encrypt(keys.new),
    }),
    /its key is another, or its bytes were changed\.$/,
  ],
  "no JWE at all": [() => ({ contentType: "application/jose", body: "{}" }), /its bytes were changed\.$/],
  "bytes that are not gzip": [
    () => ({ contentType: "application/json+gzip", body: "{}" }),
    /its bytes are not gzip\.$/,
  ],
  "a decompression bomb": [
    () => ({ contentType: "application/json+gzip", body: new Uint8Array(gzipSync(Buffer.alloc(10_000_000))) }),
    /more than 1000000 bytes when it is decompressed/,
  ],
};

for (const [name, [make, reason]] of Object.entries(unreadable))
  test(`${name} is dead-lettered at once, with the reason`, async () => {
    const { hive, provider, letters, seen } = await scene(
      encrypted(compressed(plain(), { maxBytes: 1_000_000 }), { key: "new", keys }),
    );
    const { contentType, body } = await make();
    await provider.queues.push([new Event("Placed", body, { contentType })]);
    await hive.settle();
    const [letter = ""] = await letters();
    assert.match(letter, /^BodyUnreadable: The body of the event Placed \S+ cannot be decoded from application\//);
    assert.match(letter, reason);
    assert.equal(seen, []);
    await hive.stop();
  });

test("a dead letter is requeued once its key is there again", async () => {
  const known: Record<string, Uint8Array> = {};
  const codec = encrypted(plain(), { key: "new", keys: (id) => known[id] });
  const { hive, provider, queue, letters, seen } = await scene(codec);
  const { contentType, body } = await encrypted(plain(), { key: "new", keys }).encode(
    { contentType: "application/json", body: "1" },
    event,
  );
  await provider.queues.push([new Event("Placed", body, { contentType })]);
  await hive.settle();
  assert.is((await letters()).length, 1);
  known["new"] = keys.new;
  await queue.requeue({ all: true });
  await hive.settle();
  assert.equal(seen, [1]);
  await hive.stop();
});

test("while keys cannot be read, events wait without an attempt", async () => {
  let down = true;
  const attempts: number[] = [];
  const codec = encrypted(plain(), {
    key: "new",
    keys: (id) => {
      if (down && id === "old") throw new Error("the vault is sealed");
      return id === "old" ? keys.old : keys.new;
    },
  });
  class Reader {
    async processAsync(_: Event, context: { readonly attempt: number }): Promise<void> {
      attempts.push(context.attempt);
    }
  }
  actorDescription("Placed-Reader")(Reader);
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  await using hive = await TestHive.start({ actors: Reader, codec, clock, provider });
  const old = encrypted(plain(), { key: "old", keys });
  const { contentType, body } = await old.encode({ contentType: "application/json", body: "1" }, event);
  await provider.queues.push([new Event("Placed", body, { contentType })]);
  await hive.advance("1m");
  assert.equal(attempts, []);
  down = false;
  await hive.advance("1m");
  assert.equal(attempts, [1]);
});

test("people see a compressed body decoded, an encrypted one as it is", async () => {
  for (const [codec, shown] of [
    [compressed(), JSON.stringify(order)],
    [encrypted(plain(), { key: "new", keys }), undefined],
  ] as const) {
    const { hive, queue } = await scene(codec);
    await queue.pause({ reason: "to look", by: "test" });
    await hive.push(event);
    const [peeked] = await queue.peek({ bodies: true });
    assert.is(JSON.stringify(peeked?.body) === shown, shown !== undefined);
    if (!shown) assert.match(String(peeked?.body), /^eyJ/);
    await hive.stop();
  }
});

test("the new body of a dead letter is encoded again", async () => {
  const seen: unknown[] = [];
  const { hive, raw, provider, queue } = await scene(compressed(plain(), { minBytes: 0 }), seen);
  await provider.queues.push([new Event("Placed", "{}", { contentType: "application/json+gzip" })]);
  await hive.settle();
  const [letter] = await hive.deadLetters("Placed-Reader");
  await throwsCode("InvalidEvent", () =>
    raw.queue("Placed-Reader").requeueMended(letter?.id ?? "", { body: order, by: "test" }),
  );
  await queue.requeueMended(letter?.id ?? "", { body: order, by: "test" });
  await hive.settle();
  assert.equal(seen, [order]);
  await hive.stop();
});

test("a hive without the codec refuses to read what it wrote", async () => {
  const { body } = await compressed().encode({ contentType: "application/json", body: JSON.stringify(order) }, event);
  const received = new Event("Placed", body, { contentType: "application/json+gzip" });
  const error = await throwsCode("BodyUnreadable", () => received.getBody());
  assert.match(error.message, "give the hive the codec that wrote it");
});

test("wrong options are refused when the codec is made", async () => {
  for (const make of [
    () => compressed(plain(), { algorithm: "zip" as "gzip" }),
    () => compressed(plain(), { maxBytes: 0 }),
    () => encrypted(plain(), {} as never),
    () => encrypted(plain(), { key: "new", keys: { new: new Uint8Array(31) } }),
    () => byType({ Placed: "gzip" as never }),
  ])
    await throwsCode("InvalidConfiguration", make);
  await throwsCode("InvalidConfiguration", () => TestHive.start({ codec: {} as Codec }));
  const without = encrypted(plain(), { key: "none", keys });
  const refused = await throwsCode("InvalidEvent", () =>
    without.encode({ contentType: "text/plain", body: "x" }, event),
  );
  assert.ok(refused instanceof BeeHiveError);
});

test.run();
