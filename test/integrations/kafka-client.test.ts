import { EventEmitter } from "node:events";
import * as assert from "uvu/assert";
import { assignPartitions } from "../../integrations/kafka/platformatic/assign.ts";
import { GroupMember } from "../../integrations/kafka/platformatic/consumer.ts";
import { calling } from "../../integrations/kafka/platformatic/errors.ts";
import { clientProblems, kafkaClient } from "../../integrations/kafka/platformatic/index.ts";
import type {
  Consumer,
  FetchedRecords,
  FetchResponse,
  PartitionResponse,
} from "../../integrations/kafka/platformatic/library.ts";
import { committedRecords } from "../../integrations/kafka/platformatic/read-committed.ts";
import { failureOf } from "../support/failure.ts";
import { suite } from "../support/suite.ts";

const test = suite("the client of Kafka");

const marker = { abort: Buffer.from([0, 0, 0, 0]), commit: Buffer.from([0, 0, 0, 1]) };

/** Returns a batch of one producer, or the marker that ends its transaction. */
function batch(
  firstOffset: number,
  of: bigint,
  content: number | "abort" | "commit",
  transactional = true,
): FetchedRecords {
  const count = typeof content === "number" ? content : 1;
  return {
    firstOffset: BigInt(firstOffset),
    lastOffsetDelta: count - 1,
    firstTimestamp: 1_000n,
    maxTimestamp: 2_000n,
    attributes: (transactional ? 16 : 0) + (typeof content === "number" ? 0 : 32),
    producerId: of,
    records: Array.from({ length: count }, (_, offsetDelta) => ({
      offsetDelta,
      timestampDelta: BigInt(offsetDelta),
      key: typeof content === "number" ? null : marker[content],
      value: Buffer.from("x"),
      headers: [],
    })),
  };
}

function response(records: FetchedRecords[], aborted: readonly (readonly [bigint, number])[] = []): PartitionResponse {
  const abortedTransactions = aborted.map(([producerId, first]) => ({ producerId, firstOffset: BigInt(first) }));
  return { partitionIndex: 0, errorCode: 0, highWatermark: 99n, logStartOffset: 0n, abortedTransactions, records };
}

const offsetsIn = (from: number, one: PartitionResponse): number[] =>
  committedRecords(from, one).records.map(({ offset }) => offset);

test("records of all aborted transactions of a producer are left out", () => {
  const records = [
    batch(0, 7n, 2),
    batch(2, 7n, "abort"),
    batch(3, 7n, 1),
    batch(4, 7n, "commit"),
    batch(5, 7n, 1),
    batch(6, 7n, "abort"),
    batch(7, 8n, 1, false),
  ];
  const fetched = response(records, [
    [7n, 5],
    [7n, 0],
  ]);
  assert.equal(offsetsIn(0, fetched), [3, 7]);
  assert.is(committedRecords(0, fetched).next, 8);
});

test("an aborted transaction whose end comes later is left out", () => {
  assert.equal(offsetsIn(0, response([batch(0, 7n, 2), batch(2, 8n, 1)], [[7n, 0]])), [2]);
});

test("a batch that begins before the offset gives the records from it on", () => {
  assert.equal(offsetsIn(3, response([batch(0, 7n, 5, false)])), [3, 4]);
});

test("a response of markers alone moves the offset on", () => {
  assert.equal(committedRecords(4, response([batch(4, 7n, "commit")])), {
    partition: 0,
    records: [],
    next: 5,
    end: 99,
  });
});

/** A consumer of two brokers, one partition each; the second has no records. */
class TwoBrokers extends EventEmitter {
  readonly asked: number[] = [];
  readonly assignments = [{ topic: "orders", partitions: [0, 1] }];
  release: (response: FetchResponse) => void = () => {};

  async metadata(): Promise<unknown> {
    return { topics: new Map([["orders", { id: "t", partitions: [{ leader: 1 }, { leader: 2 }] }]]) };
  }

  async fetch({ node }: { readonly node: number }): Promise<FetchResponse> {
    this.asked.push(node);
    if (node === 2) return await new Promise((resolve) => (this.release = resolve));
    return { responses: [{ topicId: "t", partitions: [response([batch(0, 7n, 1, false)])] }] };
  }
}

test("a broker without records holds up no other, and is not asked twice", async () => {
  const brokers = new TwoBrokers();
  const member = new GroupMember(brokers as unknown as Consumer, "orders", async () => {});
  const offsets = new Map([
    [0, 0],
    [1, 0],
  ]);
  for (let times = 0; times < 2; times++)
    assert.equal(
      (await member.fetch(offsets, 500)).map(({ partition }) => partition),
      [0],
    );
  assert.equal(brokers.asked, [1, 2, 1]);
});

test("members that read different topics share those that they read", () => {
  const members = new Map([
    ["m1", { topics: ["a", "b"] }],
    ["m2", { topics: ["a"] }],
  ]);
  const topic = { id: "t", partitions: [{ leader: 1 }, { leader: 1 }, { leader: 1 }] };
  const metadata = {
    topics: new Map([
      ["a", topic],
      ["b", topic],
    ]),
  };
  const shares = assignPartitions("m1", members, new Set(["a"]), metadata).map(({ memberId, assignments }) => [
    memberId,
    [...assignments.values()].map(({ topic: name, partitions }) => `${name} ${partitions.join(" ")}`),
  ]);
  assert.equal(shares, [
    ["m1", ["a 0 2", "b 0 1 2"]],
    ["m2", ["a 1"]],
  ]);
});

test("a member that dropped out of its group fails, and so is made anew", async () => {
  const brokers = new TwoBrokers();
  const member = new GroupMember(brokers as unknown as Consumer, "orders", async () => {});
  brokers.emit("error", new Error("no coordinator"));
  const error = await failureOf(member.fetch(new Map([[0, 0]]), 500));
  assert.is(error.code, "Unavailable");
  assert.match(error.message, "Kafka: cannot read orders: no coordinator");
});

for (const [apiId, code] of [
  ["MESSAGE_TOO_LARGE", "TooLarge"],
  ["TOPIC_AUTHORIZATION_FAILED", "AccessDenied"],
  ["UNKNOWN_TOPIC_OR_PARTITION", "QueueNotFound"],
  ["NOT_ENOUGH_REPLICAS", "Unavailable"],
] as const)
  test(`${apiId} of a broker is ${code}`, async () => {
    const refusal = Object.assign(new Error("refused"), { apiId });
    const several = new AggregateError([new Error("before"), refusal], "failed 2 times");
    assert.is((await failureOf(calling("write", () => Promise.reject(several)))).code, code);
  });

test("an unknown topic is QueueNotFound, and the message says what to do", async () => {
  const error = await failureOf(calling("write", () => Promise.reject(new Error("Unknown topic payments."))));
  assert.is(error.code, "QueueNotFound");
  assert.is(error.message, "Kafka: cannot write: Unknown topic payments. Create the topic, or correct its name.");
});

test("an older Node is refused with the version that is needed", async () => {
  assert.equal(clientProblems({ brokers: "localhost:9092" }, "20.20.2"), [
    "@platformatic/kafka needs Node 22.22, or 24.6 and later, and this is Node 20.20.2: run the bridge on a newer one",
  ]);
  for (const node of ["22.22.0", "24.6.0", "26.0.0"])
    assert.equal(clientProblems({ brokers: "localhost:9092" }, node), []);
  for (const node of ["22.21.9", "23.5.0", "24.5.0"])
    assert.is(clientProblems({ brokers: "localhost:9092" }, node).length, 1, node);
});

test("every wrong option of the client is named at once", async () => {
  const error = await failureOf(async () =>
    kafkaClient({ brokers: [], sasl: { mechanism: "GSSAPI" }, session: "soon", colour: "red" } as never),
  );
  for (const part of [
    "brokers must name",
    "sasl.mechanism must be one of",
    "session must be",
    '"colour" is not an option',
  ])
    assert.match(error.message, part);
});

test("credentials that are missing are named, and given ones are not shown", async () => {
  const sasl = { mechanism: "SCRAM-SHA-512", username: "ada", password: 4711 };
  const { message } = await failureOf(async () => kafkaClient({ brokers: "b:1", tls: 7, sasl } as never));
  assert.match(message, "sasl.password must be a text or a function");
  assert.match(message, "tls must be an object");
  assert.not.match(message, "4711");
  const noToken = await failureOf(async () =>
    kafkaClient({ brokers: "b:1", sasl: { mechanism: "OAUTHBEARER" } as never }),
  );
  assert.match(noToken.message, "sasl.token must be a text or a function");
});

for (const [cause, code, cure] of [
  [Object.assign(new Error("self-signed"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }), "Unavailable", "by tls.ca"],
  [Object.assign(new Error("no"), { apiId: "SASL_AUTHENTICATION_FAILED" }), "AccessDenied", "correct sasl"],
  [new Error("Connection closed"), "Unavailable", "that it asks for"],
] as const)
  test(`a connection that fails with "${cause.message}" says what to do`, async () => {
    const failed = new Error("Connection to b:1 failed.", { cause });
    const error = await failureOf(calling("read orders", () => Promise.reject(failed)));
    assert.is(error.code, code);
    assert.match(error.message, `Kafka: cannot read orders: Connection to b:1 failed: ${cause.message}. `);
    assert.match(error.message, cure);
  });

test.run();
