import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { Reader } from "../../../providers/azure/queues/reader.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: readers");

/** Makes a reader of messages whose locks, by the clock of the broker, ended long ago. */
function readerOf(count: number): { readonly reader: Reader; readonly at: (ms: number) => void } {
  const messages = Array.from({ length: count }, () => ({ lockedUntilUtc: new Date(0), delivery: {} }));
  let now = 0;
  const clock = { now: () => now } as Partial<Clock> as Clock;
  const receiver = {
    receiveMessages: async (max: number) => messages.splice(0, max),
    renewMessageLock: async () => new Date(0),
  } as unknown as ServiceBusReceiver;
  return { reader: new Reader(receiver, clock, 1_000), at: (ms) => (now = ms) };
}

const take = async (reader: Reader): Promise<ServiceBusReceivedMessage> => {
  const [message] = await reader.receive(1, 0, 1, new AbortController().signal);
  assert.ok(message);
  return message;
};

test("a reader is done when no lock can hold any more, by our own clock", async () => {
  const { reader, at } = readerOf(1);
  assert.ok(reader.isDone, "nothing was received");
  at(1_000_000);
  await take(reader);
  at(1_301_000);
  assert.not(reader.isDone);
  at(1_301_001);
  assert.ok(reader.isDone);
});

test("a lock that is renewed keeps its reader, one that is settled does not", async () => {
  const { reader, at } = readerOf(1);
  at(1_000_000);
  const message = await take(reader);
  at(1_200_000);
  await reader.renew(message);
  at(1_400_000);
  assert.not(reader.isDone);
  await reader.settled(message);
  assert.ok(reader.isDone);
});

test("a reader is full at 1,000 messages behind an unsettled one", async () => {
  const { reader } = readerOf(1_003);
  const first = await take(reader);
  for (let n = 0; n < 1_000; n++) await reader.settled(await take(reader));
  assert.not(reader.isFull);
  await reader.settled(await take(reader));
  assert.ok(reader.isFull);
  await reader.settled(first);
  assert.not(reader.isFull);
});

test.run();
