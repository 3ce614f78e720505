import assert from "node:assert/strict";
import { Event, type EventOptions } from "../../../events/event.ts";
import { assertArrived, rejectsWith } from "../assertions.ts";
import type { ContractCase } from "../contract.ts";
import { ScratchQueue } from "../scratch-queue.ts";

/** More than any queue carries, in bytes. */
const tooLargeBytes = 3_000_000;

const everyField: EventOptions = {
  id: "an id / with ünïcode 🐝",
  timestamp: new Date("2020-02-29T12:34:56.789Z"),
  enqueueTime: new Date("2020-03-01T00:00:00.001Z"),
  contentType: "application/vnd.order+json",
  url: "https://example.com/a?b=c&d=%20#e",
  properties: {
    text: "Zoë “quoted” 🐝\nnext line",
    empty: "",
    number: -12.5,
    zero: 0,
    big: 2 ** 53,
    yes: true,
    no: false,
    "with-hyphen": "1",
  },
  correlationId: "correlation/1",
  causationId: "cause:2",
  partitionKey: "customer 3 / ü",
  delivery: "log",
};

/** Events arrive unchanged. */
export const roundTrips: readonly ContractCase[] = [
  arrives(
    "every field set",
    { nested: { list: [1, "zwei", null, true], text: '日本 🐝 \u2028 \\ " </x>' } },
    everyField,
  ),
  arrives("nothing but a type", undefined),
  arrives("a body that is a JSON text", "text"),
  arrives("a body that is JSON null", null),
  arrives("a body that is JSON false", false),
  arrives("a text body with line ends and non-characters of XML", "a\r\nb\tc\u0001\uFFFD�🐝", {
    contentType: "text/plain; charset=utf-8",
  }),
  arrives("an empty text body", "", { contentType: "text/plain" }),
  arrives(
    "a body of all bytes",
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  ),
  arrives("bytes in a Buffer", Buffer.from([0, 255, 1])),
  arrives("bytes that are no UTF-8 and claim to be JSON", Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d), {
    contentType: "application/json",
  }),
  travels("numbers of more digits than a double has", '{"id":820982911946154508,"price":1.10,"zero":-0,"big":1e400}'),
  travels("white space and members that stand twice", ' { "b" : 1, "1" : [ ], "b" : 2 }\r\n'),
  travels("characters beyond U+FFFF", '"\u{1F41D}"'),
  travels("characters beyond U+FFFF, and escapes of them", '["\u{1F41D}","\\ud83d\\uDC1D \\\\ud83d \\u0000 \uffff"]'),
  travels("the letter NUL", '"a\0b"', "text/plain"),
  arrives("bytes that are JSON", new TextEncoder().encode('{"a":1}'), { contentType: "application/json" }),
  arrives("a large body", { text: "0123456789äöü🐝".repeat(9_000) }),
  {
    name: "a reader's changes of a body do not reach the next delivery",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const pushed = await queue.push(Uint8Array.of(1, 2, 3));
      const lease = await queue.takeOne();
      (lease.event.body as Uint8Array).fill(9);
      await queue.abandon(lease);
      assertArrived((await queue.takeOne()).event, pushed, String(queue.name));
    },
  },
  {
    name: "a body that is not the JSON it claims arrives unchanged",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const event = Event.fromRecord({ ...queue.event({}).toRecord(), body: '{"broken": ' });
      await subject.provider.queues.push([event]);
      assertArrived((await queue.takeOne()).event, event, String(queue.name));
    },
  },
  {
    name: "a large event is TooLarge, with its size and the limit",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const event = queue.event("x".repeat(tooLargeBytes));
      const { message } = await rejectsWith("TooLarge", () => subject.provider.queues.push([event]));
      const sizes = [...message.replaceAll(/(?<=\d)[,_](?=\d{3})/g, "").matchAll(/\b\d{4,}\b/g)].map(Number);
      assert.ok(
        sizes.some((size) => size >= tooLargeBytes),
        `its size is in: ${message}`,
      );
      assert.ok(
        sizes.some((size) => size < tooLargeBytes),
        `the limit is in: ${message}`,
      );
      await queue.assertSilent();
    },
  },
];

/** Returns a case for a body that no provider may parse and write again. */
function travels(what: string, body: string, contentType = "application/json"): ContractCase {
  return {
    name: `a text with ${what} arrives unchanged`,
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const event = Event.fromRecord({ ...queue.event({}).toRecord(), contentType, body });
      await subject.provider.queues.push([event]);
      assert.equal((await queue.takeOne()).event.body, body);
    },
  };
}

function arrives(what: string, body: unknown, options?: EventOptions): ContractCase {
  return {
    name: `an event with ${what} arrives whole`,
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const pushed = await queue.push(body, options);
      const { event } = await queue.takeOne();
      assertArrived(event, pushed, String(queue.name));
    },
  };
}
