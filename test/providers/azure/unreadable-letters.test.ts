import type { ServiceBusClient } from "@azure/service-bus";
import * as assert from "uvu/assert";
import type { ClaimCheck } from "../../../providers/azure/queues/claim-check.ts";
import { DeadLetters } from "../../../providers/azure/queues/dead-letters.ts";
import { Names } from "../../../providers/azure/queues/names.ts";
import { readEvent } from "../../../providers/azure/queues/reading.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { listOf } from "../../../src/testing/contracts/assertions.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: dead letters that cannot be read");
const name = QueueName.parse("Orders-Pay");

/** Makes a message whose body is nested too deeply to be written as JSON. */
const body = Object.defineProperty({}, "one", {
  enumerable: true,
  get: () => {
    throw new RangeError("too deep");
  },
});
const number = { equals: () => true, add: () => number };
const letter = { body, messageId: "deep", sequenceNumber: number, deadLetterReason: "why", applicationProperties: {} };

/** Makes a dead-letter queue with that message, and records how it is settled. */
function lettersWith(read: Partial<ClaimCheck>): { readonly letters: DeadLetters; readonly settled: string[] } {
  const settled: string[] = [];
  const receiver = (): object => {
    const pages = [[letter], []];
    return {
      peekMessages: async () => pages.shift() ?? [],
      receiveMessages: async () => pages.shift() ?? [],
      completeMessage: async () => void settled.push("completed"),
      abandonMessage: async () => void settled.push("abandoned"),
      close: async () => {},
    };
  };
  const client = { createReceiver: receiver } as unknown as ServiceBusClient;
  const letters = new DeadLetters(client, new Names(""), systemClock, 1_000, read as ClaimCheck);
  return { letters, settled };
}

test("it is listed with the reasons for its death and its damage", async () => {
  const { letters } = lettersWith({ read: async (message) => readEvent(message, name) });
  const [listed] = await listOf(letters.list(name));
  assert.is(listed?.event.id, "deep");
  assert.match(listed?.reason ?? "", /^why A message of Orders-Pay cannot be read as an event: too deep/);
});

test("it is not sent back, as nothing of it would arrive, and can be dropped", async () => {
  const { letters, settled } = lettersWith({});
  const sent: string[] = [];
  await throwsCode("BodyUnreadable", () => letters.take(name, "deep", async (event) => void sent.push(event().id)));
  assert.equal([sent, settled], [[], ["abandoned"]]);
  await letters.take(name, "deep", async () => {});
  assert.equal(settled, ["abandoned", "completed"]);
});

test("a letter that cannot be fetched now ends the list with its error", async () => {
  const problem = new BeeHiveError("Unavailable", "the store is down");
  const { letters } = lettersWith({ read: async (message) => ({ ...readEvent(message, name), problem }) });
  await throwsCode("Unavailable", () => listOf(letters.list(name)));
});

test.run();
